import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Failure } from '../failure.ts';

/** The project's folder: the nearest one, from the current folder upwards, that has a cdk8s.yaml. */
export function findRoot(from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'cdk8s.yaml'))) return folder;
    if (folder === dirname(folder)) break;
  }
  throw new Failure(`There is no cdk8s.yaml in ${from} or above it.`, {
    hint: 'Run rhizome inside of a project, or make this folder one: rhizome init',
  });
}
