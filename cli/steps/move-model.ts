import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../failure.ts';

export interface Moved {
  /** Where a model went that had no version, so that another one has room beside it. */
  readonly moved?: string;
}

export interface Place {
  readonly name: string;
  readonly version: string | undefined;
}

/** Moves a whole model, of the same file system, to models/NAME or models/NAME/VERSION; what is there is replaced. */
export async function moveIn(root: string, draft: string, { name, version }: Place): Promise<Moved> {
  const home = join(root, 'models', name);
  if (version !== undefined && existsSync(join(home, 'model.onnx')))
    return besideUnversioned(draft, home, name, version);
  const folder = version === undefined ? home : join(home, version);
  await mkdir(join(folder, '..'), { recursive: true });
  await rm(folder, { recursive: true, force: true });
  await rename(draft, folder);
  return {};
}

/** The folder becomes a version of its own, with all that is in it. */
async function besideUnversioned(draft: string, home: string, name: string, version: string): Promise<Moved> {
  const file = join(home, 'model.json');
  const json = existsSync(file) ? await readFile(file, 'utf8') : undefined;
  const said = json === undefined ? undefined : (JSON.parse(json) as { version?: unknown }).version;
  const old = typeof said === 'string' && /^\d+$/.test(said) ? String(BigInt(said)) : '1';
  if (old === version)
    throw new Failure(`models/${name} is version ${old} already.`, {
      hint: `Choose another --version, or say in models/${name}/model.json which one that is.`,
    });
  const both = `${draft}-versions`;
  await mkdir(both);
  await rename(draft, join(both, version));
  await rename(home, join(both, old));
  try {
    await rename(both, home);
  } catch (error) {
    await rename(join(both, old), home);
    throw error;
  }
  // The schema is one folder further away.
  if (json !== undefined)
    await writeFile(join(home, old, 'model.json'), json.replace(/("\$schema"\s*:\s*")(?=\.\.\/)/, '$1../'));
  return { moved: `models/${name}/${old}` };
}
