import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { tensorsOnly } from '../../onnx/rewrite/tensors-only.ts';

export const root = join(import.meta.dirname, '../..');
/** Generated models. The folder can be deleted at any time. */
export const modelCache = join(root, 'node_modules/.cache/rhizome-bench');

/**
 * What takes long to get: environments of peers, and older versions. Checkouts share it, and Node strips no types below
 * `node_modules`. The folder can be deleted at any time.
 */
export const sharedCache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'rhizome-bench');

/** Writes a model with tensors as outputs into the cache. @returns its path */
export async function cacheTensorFile(name: string, file: string): Promise<string> {
  return cacheFile(`${name}-tensors.onnx`, tensorsOnly(await readFile(file)).model);
}

/** Writes a file into the cache. @returns its path */
export async function cacheFile(name: string, content: Uint8Array | string): Promise<string> {
  const path = join(modelCache, name);
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
    modelsDir: join(modelCache, modelsDir),
    file: await cacheFile(join(modelsDir, name, 'model.onnx'), content),
  };
}
