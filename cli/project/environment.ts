import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../failure.ts';

/** The environment that `up` runs, and the name of its file in charts-out/. */
export const defaultEnvironment = 'local';

const ending = '.k8s.yaml';

/** Returns the name of an environment's file. */
export const manifestsFile = (environment: string): string => `${environment}${ending}`;

/** Checks that synthesis has written a file for an environment. @throws {Failure} with those that exist */
export function checkEnvironment(root: string, folder: string, environment: string): void {
  if (environment === defaultEnvironment || existsSync(join(root, folder, manifestsFile(environment)))) return;
  const known = readdirSync(join(root, folder))
    .filter((file) => file.endsWith(ending))
    .map((file) => file.slice(0, -ending.length));
  throw new Failure(`There is no environment "${environment}".`, {
    hint: `infra/environments.ts has ${known.join(', ')}.`,
  });
}
