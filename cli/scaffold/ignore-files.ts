import { existsSync } from 'node:fs';
import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defaultDockerfile, dockerfileOf } from './dockerfile.ts';

/** Which builder reads it: Docker's, or podman. */
type Ignore = 'dockerignore' | 'containerignore';
const ignores: readonly Ignore[] = ['dockerignore', 'containerignore'];

/** Returns the ignore file of a Dockerfile. Builders prefer one that has the Dockerfile's name. */
export const ignoreFile = (dockerfile: string, ignore: Ignore): string =>
  `${dockerfile === defaultDockerfile ? '' : dockerfile}.${ignore}`;

/**
 * Lets the image builder see the weights files of a model. The ignore files exclude everything that they do not name,
 * and initially include only files with names like `churn.onnx.data`.
 * @param folder the model's folder, such as models/churn/2
 * @param locations the weights files' paths from there
 * @returns the ignore files that were changed
 */
export async function includeWeights(
  root: string,
  folder: string,
  locations: readonly string[],
): Promise<readonly string[]> {
  const lines = locations
    .filter((location) => location.includes('/') || !location.includes('.onnx'))
    .map((location) => `!${folder}/${location}`);
  const changed: string[] = [];
  const files = ignores.map((ignore) => ignoreFile(dockerfileOf(root), ignore));
  for (const file of files.filter((name) => existsSync(join(root, name)))) {
    const text = await readFile(join(root, file), 'utf8');
    const there = text.split('\n');
    const missing = lines.filter((line) => !there.includes(line));
    if (missing.length === 0) continue;
    await appendFile(join(root, file), `${text.endsWith('\n') ? '' : '\n'}${missing.join('\n')}\n`);
    changed.push(file);
  }
  return changed;
}
