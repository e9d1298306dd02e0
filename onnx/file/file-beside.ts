import { realpath } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';

/** A file next to a model, with links followed. */
export interface FileBeside {
  readonly file: string;
  /** Whether it is in the model's folder. Otherwise Rhizome does not read it. */
  readonly isInside: boolean;
}

/**
 * Finds a file next to a model. Links may lead to it, as in a volume of Kubernetes or the cache of a model hub, but
 * only inside the model's folder, or to the folder that the model's file itself is in once links are followed.
 *
 * @param path the model's file
 * @param location the path of the other file, from the model's folder
 * @throws the error of the file system, if the file is missing
 */
export async function findBeside(path: string, location: string): Promise<FileBeside> {
  const file = await realpath(join(dirname(path), location));
  const folders = [await realpath(dirname(path)), dirname(await realpath(path))];
  const isInside = folders.some((folder) => file.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`));
  return { file, isInside };
}
