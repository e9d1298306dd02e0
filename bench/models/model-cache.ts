import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tensorsOnly } from '../../onnx/rewrite/tensors-only.ts';

export const root = join(import.meta.dirname, '../..');
/** Generated models, environments of peers and old commits. It can be deleted at any time. */
export const cache = join(root, 'node_modules/.cache/rhizome-bench');

/** Writes a model with tensors as outputs into the cache. @returns its path */
export async function cacheTensorFile(name: string, file: string): Promise<string> {
  return cacheFile(`${name}-tensors.onnx`, tensorsOnly(await readFile(file)).model);
}

/** Writes a file into the cache. @returns its path */
export async function cacheFile(name: string, content: Uint8Array | string): Promise<string> {
  const path = join(cache, name);
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, content);
  return path;
}

/** Writes a model folder into the cache, alone in a folder that can be served. */
export async function cacheModel(
  name: string,
  content: Uint8Array,
  description: object,
): Promise<{ readonly modelsDir: string; readonly file: string }> {
  const modelsDir = join('models', name);
  await cacheFile(join(modelsDir, name, 'model.json'), JSON.stringify(description));
  return {
    modelsDir: join(cache, modelsDir),
    file: await cacheFile(join(modelsDir, name, 'model.onnx'), content),
  };
}
