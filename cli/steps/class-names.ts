import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Failure, reasonOf } from '../failure.ts';

/**
 * Reads names from a file with one per line, if there is such a file. Otherwise they are separated by commas.
 * @throws {Failure} if the value can only be a file, and cannot be read, or if a line between others is blank
 */
export async function classNames(value: string): Promise<string[]> {
  const separated = value.split(',').map((name) => name.trim());
  if (separated.length > 1) return separated;
  const text = await readFile(resolve(value), 'utf8').catch((cause: unknown) => {
    if (!/[./\\]/.test(value) && (cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new Failure(`Cannot read the names of the classes from ${value}: ${reasonOf(cause)}`, {
      cause,
      hint: 'Pass a file with one name per line, or the names, separated by commas.',
    });
  });
  if (text === undefined) return separated;
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => line.trim());
  // Without it, all names after it would be those of other classes.
  const blank = lines.indexOf('');
  if (blank !== -1)
    throw new Failure(`Line ${String(blank + 1)} of ${value} is blank.`, {
      hint: "The lines are the names of the classes, in the order of the model's labels: write a name there.",
    });
  return lines;
}
