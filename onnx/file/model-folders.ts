import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { ModelPlace } from '../signature/signature.ts';

/** A model in a repository: a folder such as `iris` or `wine/11` that contains a model.onnx. */
export interface ModelFolder extends ModelPlace {
  /** Relative to the repository, with `/` as the separator. */
  readonly folder: string;
}

/** The folder of a version is named by a number. */
export const VERSION = /^\d+$/;

/**
 * Lists the models of a repository: `NAME/model.onnx` or `NAME/<version>/model.onnx`, ordered by name and by number of
 * the version. Skips hidden folders, since a mounted volume contains `..data`.
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

/** Returns the name of the model in a folder, and its version if the folder is that of a version. */
export function placeOf(folder: string): ModelPlace {
  const name = basename(folder);
  return VERSION.test(name) ? { name: basename(dirname(folder)), version: String(BigInt(name)) } : { name };
}

/** Compares versions for sorting: numbers by value, so that 11 comes after 2, and other strings alphabetically. */
export function compareVersions(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}
