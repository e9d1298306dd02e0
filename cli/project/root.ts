import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Failure } from '../failure.ts';

/** Finds the project's folder: the nearest one, from the given folder upwards, that contains a cdk8s.yaml. */
export function findRoot(from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'cdk8s.yaml'))) return folder;
    if (folder === dirname(folder)) break;
  }
  throw new Failure(`There is no cdk8s.yaml in ${from} or above it.`, {
    hint: 'Run rhizome in a project, or turn this folder into one: rhizome init',
  });
}
