import { constants, type Stats } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';

/** What is at a path is not a regular file, or is larger than it may be. The message says what it is. */
export class UnreadableFileError extends Error {
  override readonly name = 'UnreadableFileError';
}

/**
 * A file that is open for reading. Close the handle.
 */
export interface OpenFile {
  readonly handle: FileHandle;
  readonly size: number;
}

/**
 * Opens a file for reading, but no FIFO, socket, device or folder: reading one of these may never end, and would occupy
 * one of the four threads that read files.
 *
 * @throws {UnreadableFileError} if it is not a regular file
 * @throws the error of the file system, if it cannot be opened
 */
export async function openRegular(path: string): Promise<OpenFile> {
  // Without O_NONBLOCK, to open a FIFO waits for somebody who writes to it. Regular files ignore it.
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw new UnreadableFileError(`it is ${kindOf(stats)}, expected a regular file`);
    return { handle, size: stats.size };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Reads an open file from its start, in pieces, since `readFile` stops at 2 GB. */
export async function readAll({ handle, size }: OpenFile): Promise<Uint8Array> {
  const data = new Uint8Array(size);
  for (let at = 0; at < data.length;) {
    const { bytesRead } = await handle.read(data, at, Math.min(data.length - at, 2 ** 30), at);
    if (bytesRead === 0) return data.subarray(0, at);
    at += bytesRead;
  }
  return data;
}

/**
 * Reads a text file.
 *
 * @param most the most bytes that it may have
 * @throws {UnreadableFileError} if it is not a regular file, or has more bytes
 * @throws the error of the file system, if it cannot be read
 */
export async function readText(path: string, most: number): Promise<string> {
  const file = await openRegular(path);
  try {
    if (file.size > most) throw new UnreadableFileError(`it has ${file.size} bytes, but at most ${most} are supported`);
    return new TextDecoder().decode(await readAll(file));
  } finally {
    await file.handle.close();
  }
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a folder';
  if (stats.isFIFO()) return 'a FIFO';
  return stats.isSocket() ? 'a socket' : 'a device';
}
