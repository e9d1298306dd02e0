import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../failure.ts';

export interface Moved {
  /** Where the existing model without a version was moved, so that it became a version next to the new one. */
  readonly moved?: string;
}

export interface Place {
  readonly name: string;
  readonly version: string | undefined;
}

/**
 * Moves a complete model, on the same file system, to models/NAME or models/NAME/VERSION, and replaces any model there.
 */
export async function moveIn(root: string, draft: string, { name, version }: Place): Promise<Moved> {
  const home = join(root, 'models', name);
  if (version !== undefined && existsSync(join(home, 'model.onnx')))
    return moveNextToUnversioned(draft, home, name, version);
  const folder = version === undefined ? home : join(home, version);
  await mkdir(join(folder, '..'), { recursive: true });
  await rm(folder, { recursive: true, force: true });
  await rename(draft, folder);
  return {};
}

/** Makes the existing folder a version of its own, with all its files, next to the new version. */
async function moveNextToUnversioned(draft: string, home: string, name: string, version: string): Promise<Moved> {
  const file = join(home, 'model.json');
  const json = existsSync(file) ? await readFile(file, 'utf8') : undefined;
  const stated = json === undefined ? undefined : (JSON.parse(json) as { version?: unknown }).version;
  const old = typeof stated === 'string' && /^\d+$/.test(stated) ? String(BigInt(stated)) : '1';
  if (old === version)
    throw new Failure(`models/${name} already is version ${old}.`, {
      hint: `Choose another --version, or correct "version" in models/${name}/model.json.`,
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
  // The path of the schema is one folder longer now.
  if (json !== undefined)
    await writeFile(join(home, old, 'model.json'), json.replace(/("\$schema"\s*:\s*")(?=\.\.\/)/, '$1../'));
  return { moved: `models/${name}/${old}` };
}
