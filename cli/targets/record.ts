import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The contexts that `up` applied something to, as they were given to `--on`. Where the local engine and kind are up can
 * be seen on this machine; of all the contexts that kubectl knows, only those that `up` was sent to are asked.
 */
export async function recorded(root: string): Promise<readonly string[]> {
  try {
    return JSON.parse(await readFile(file(root), 'utf8')) as string[];
  } catch {
    return [];
  }
}

export async function record(root: string, on: string): Promise<void> {
  await write(root, [...new Set([...await recorded(root), on])]);
}

export async function forget(root: string, on: string): Promise<void> {
  const names = await recorded(root);
  if (names.includes(on)) await write(root, names.filter((name) => name !== on));
}

const file = (root: string): string => join(root, '.rhizome/contexts.json');

async function write(root: string, names: readonly string[]): Promise<void> {
  await mkdir(join(root, '.rhizome'), { recursive: true });
  await writeFile(file(root), JSON.stringify(names));
}
