import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../failure.ts';
import { parsePackageJson } from './package-json.ts';

/** The name that `docker build` expects. */
export const defaultDockerfile = 'Dockerfile';

/** Returns the Dockerfile of the project's image: that of `rhizome init --dockerfile`, which package.json has. */
export function dockerfileOf(root: string): string {
  const file = join(root, 'package.json');
  if (!existsSync(file)) return defaultDockerfile;
  const { rhizome } = parsePackageJson(readFileSync(file, 'utf8'));
  const name = (rhizome as { readonly dockerfile?: unknown } | undefined)?.dockerfile;
  return typeof name === 'string' && name !== '' ? checkDockerfile(name) : defaultDockerfile;
}

/** @throws {UsageError} if it is not a path in the project */
export function checkDockerfile(name: string): string {
  if (/^[\w][\w./-]*$/.test(name) && !name.split('/').some((part) => part === '..' || part === '')) return name;
  throw new UsageError(`"${name}" is not a valid name of a Dockerfile: expected a path in the project.`, {
    hint: 'Choose one such as --dockerfile Dockerfile.rhizome.',
  });
}
