import { readdir, readFile, readlink, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Measure, Measured } from './measure.ts';

/** Formats a number of bytes as a person reads it. */
export const megabytes = (bytes: number): string => `${String(Math.round(bytes / 1e6))} MB`;

/**
 * Measures the bytes that a process adds to a folder, whatever it calls the file until it is complete.
 * @param about how many bytes they may become; undefined if that is not known
 */
export async function bytesAdded(folder: string, about: number | undefined): Promise<Measure> {
  const before = await bytesIn(folder);
  return async () => {
    const added = (await bytesIn(folder)) - before;
    // Without a percentage, since the whole is not exactly known.
    return about === undefined || added > about
      ? { amount: megabytes(added) }
      : { share: added / about, amount: `${megabytes(added)} of about ${megabytes(about)}` };
  };
}

/**
 * Returns the size of all files in a folder, but not in its subfolders. What cannot be read counts nothing: it is the
 * command that reports it.
 */
async function bytesIn(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Measures how much of a file with a known final size a process has written. */
export const bytesWritten =
  (file: string, size: number): Measure =>
  async () => ({ share: (await stat(file)).size / size });

/** Names the size of an archive, for a program of which nothing else can be measured. */
export const describeSize = async (file: string): Promise<Measured> => ({
  amount: `archive of ${megabytes((await stat(file)).size)}`,
});

/**
 * Measures how much of a file a process has read, on Linux, which knows the position in each open file. Elsewhere, it
 * names only the file's size.
 * @param times how often the process reads the file, at the same time or one after the other
 */
export function bytesRead(file: string, times: number): Measure {
  let positions: ReadonlyMap<string, number> = new Map();
  let closed = 0;
  return async (processId) => {
    const [path, { size }] = [await realpath(file), await stat(file)];
    const now = await positionsIn(path, `/proc/${String(processId)}`);
    // A file that was closed has been read. If the position is lower, another has the same descriptor now.
    for (const [descriptor, position] of positions) if ((now.get(descriptor) ?? -1) < position) closed++;
    positions = now;
    const read = [...now.values()].reduce((sum, position) => sum + position, closed * size);
    return read === 0 ? describeSize(file) : { share: Math.min(1, read / (size * times)) };
  };
}

/** Returns the position in each descriptor with which a process has opened a file. */
async function positionsIn(path: string, process: string): Promise<ReadonlyMap<string, number>> {
  const positions = new Map<string, number>();
  for (const descriptor of await readdir(join(process, 'fd')).catch(() => [])) {
    const target = await readlink(join(process, 'fd', descriptor)).catch(() => '');
    if (target !== path) continue;
    const info = await readFile(join(process, 'fdinfo', descriptor), 'utf8').catch(() => '');
    const [, position] = /^pos:\s*(\d+)$/m.exec(info) ?? [];
    if (position !== undefined) positions.set(descriptor, Number(position));
  }
  return positions;
}
