import { copyFile, cp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { modelCache, root } from './model-cache.ts';

const irisFolder = join(root, 'models/iris');

/** Returns a folder with iris and `busy`, whose runs take half a second per row. */
export async function irisAndBusy(): Promise<string> {
  const folder = await emptyFolder('busy');
  await cp(irisFolder, join(folder, 'iris'), { recursive: true });
  await mkdir(join(folder, 'busy'));
  await copyFile(join(root, 'onnx/fixtures/slow/busy.onnx'), join(folder, 'busy/model.onnx'));
  return folder;
}

/** Returns a folder with copies of iris: `iris-0`, `iris-1`, … */
export async function manyIris(count: number): Promise<string> {
  const folder = await emptyFolder(`iris-${count}`);
  for (let index = 0; index < count; index += 1) {
    await mkdir(join(folder, `iris-${index}`));
    // Without model.json, whose name would be the same for all.
    await copyFile(join(irisFolder, 'model.onnx'), join(folder, `iris-${index}`, 'model.onnx'));
  }
  return folder;
}

async function emptyFolder(name: string): Promise<string> {
  const folder = join(modelCache, 'sets', name);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  return folder;
}
