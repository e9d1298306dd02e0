import { lstat, readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { exec, type ExecContext } from '../tools/exec.ts';
import { bytesWritten } from '../tools/measure-files.ts';

export interface TarOptions {
  /** The folder that the names in the archive start from. */
  readonly from: string;
  /** What is archived: a folder within `from`. @default . */
  readonly what?: string;
  /** A file or folder that is left out, wherever it is. */
  readonly exclude?: string;
}

/** Writes an archive, and shows how much of it is written. */
export async function tar(context: ExecContext, file: string, options: TarOptions): Promise<void> {
  const { from, what = '.', exclude } = options;
  const excluded = exclude === undefined ? [] : [`--exclude=${exclude}`];
  // If it cannot be read, tar says why.
  const size = await sizeOfTar(options).catch(() => undefined);
  await exec(context, ['tar', '-cf', file, ...excluded, '-C', from, what], {
    ...(size !== undefined && { measure: bytesWritten(file, size) }),
  });
}

const block = 512;
/** tar writes this many bytes at a time, at least. */
const record = 20 * block;
/** The longest name that fits into the header of a file. A longer one takes two blocks of its own. */
const longestName = 100;

/** Returns how large an archive will be. */
export async function sizeOfTar({ from, what = '.', exclude }: TarOptions): Promise<number> {
  const entries = await readdir(join(from, what), { recursive: true, withFileTypes: true });
  let size = block;
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    const parts = relative(from, path).split(/[/\\]/);
    if (exclude !== undefined && parts.includes(exclude)) continue;
    const name = Buffer.byteLength(parts.join('/')) + (what === '.' ? 2 : 0) + (entry.isDirectory() ? 1 : 0);
    size += block + (name > longestName ? 2 * block : 0);
    if (entry.isFile()) size += Math.ceil((await lstat(path)).size / block) * block;
  }
  return Math.ceil((size + 2 * block) / record) * record;
}
