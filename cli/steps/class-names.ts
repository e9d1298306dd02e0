import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';

/** Reads names from a file with one per line, if there is such a file. Otherwise they are separated by commas. */
export async function classNames(value: string): Promise<string[]> {
  const path = resolve(value);
  if (value.includes(',') || !existsSync(path)) return value.split(',').map((name) => name.trim());
  const lines = (await readFile(path, 'utf8')).split('\n').map((line) => line.trim());
  return lines.filter((line) => line !== '');
}
