import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import type { Signature } from '../../onnx/signature/signature.ts';
import { Failure, reasonOf } from '../failure.ts';
import { quote } from '../tools/quote.ts';
import { loadRuntime } from './load-engine.ts';

/**
 * Reads the signatures of the project's models, each in the version that serves requests without a version.
 * @throws {Failure} if a model cannot be loaded
 */
export async function readModels(root: string): Promise<readonly Signature[]> {
  // Imported here, since the runtime is large, and other commands don't need it.
  const [{ Model }, { compareVersions, modelFolders }, runtime] = await Promise.all([
    import('../../onnx/model.ts'),
    import('../../onnx/file/model-folders.ts'),
    loadRuntime(),
  ]);
  const models = join(root, 'models');
  const folders = await modelFolders(models).catch(() => []);
  if (folders.length === 0)
    throw new Failure('There are no models in models/.', { hint: 'Add one: rhizome add model.onnx --name NAME' });
  const signatures = new Map<string, Signature>();
  for (const place of folders) {
    const folder = relative(process.cwd(), join(models, place.folder));
    const model = await Model.load(join(models, place.folder), runtime, { threads: 1 }, place).catch(
      (cause: unknown) => {
        throw new Failure(cause instanceof Error ? cause.message : String(cause), {
          cause,
          hint: `Correct the model, or remove it from ${dirname(folder)}/.`,
        });
      },
    );
    await model.release();
    const { name, version } = model.signature;
    const known = signatures.get(name);
    if (known === undefined || compareVersions(known.version, version) < 0) signatures.set(name, model.signature);
  }
  return [...signatures.values()];
}

/** @param file relative to the current folder */
export async function writeTypes(file: string, text: string): Promise<void> {
  await mkdir(dirname(resolve(file)), { recursive: true });
  await writeFile(file, text);
}

/** @throws {Failure} if the file differs from what `writeTypes` would write */
export async function checkTypes(file: string, text: string): Promise<void> {
  const hint = `To update it: rhizome types --out ${quote([file])}`;
  const current = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new Failure(`Cannot read ${file}: ${reasonOf(cause)}`, {
      cause,
      hint,
    });
  });
  if (current === text) return;
  const [before, after] = [current.split('\n'), text.split('\n')];
  const added = after.filter((line) => !before.includes(line)).map((line) => `+ ${line}`);
  const removed = before.filter((line) => !after.includes(line)).map((line) => `- ${line}`);
  throw new Failure(`${file} does not match the models.`, { details: [...removed, ...added].slice(0, 20), hint });
}
