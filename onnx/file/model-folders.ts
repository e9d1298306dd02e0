import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelPlace } from '../signature/signature.ts';

/** One model of a repository: `iris`, or `wine/11`, with a model.onnx in it. */
export interface ModelFolder extends ModelPlace {
  /** Relative to the repository; its parts are joined by `/`. */
  readonly folder: string;
}

/** A version's folder is a number. */
const VERSION = /^\d+$/;

/**
 * The models of a folder: `NAME/model.onnx` or `NAME/<version>/model.onnx`, names in the alphabet's order and versions in
 * that of numbers. Hidden folders are passed over: a mounted volume has `..data`.
 */
export async function modelFolders(dir: string): Promise<ModelFolder[]> {
  const names = (await readdir(dir)).filter((name) => !name.startsWith('.')).sort();
  const found = await Promise.all(
    names.map(async (name): Promise<ModelFolder[]> => {
      const inside = await readdir(join(dir, name)).catch((): string[] => []);
      const versions = inside.filter(
        (version) => VERSION.test(version) && existsSync(join(dir, name, version, 'model.onnx')),
      );
      return [
        ...(inside.includes('model.onnx') ? [{ name, folder: name }] : []),
        ...versions
          .sort(compareVersions)
          .map((version) => ({ name, version: String(BigInt(version)), folder: `${name}/${version}` })),
      ];
    }),
  );
  return found.flat();
}

/** For sorting: numbers as numbers, so that 11 comes after 2; other texts by the alphabet. */
export function compareVersions(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}
