import { createReadStream, createWriteStream, mkdirSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { DownloadError } from '../download-error.ts';
import { tarFiles } from './tar.ts';

/** What a downloaded file is, by its first bytes. */
export type FileKind = 'gzip' | 'tar' | 'model';

/** Returns what a file is. What is not an archive is taken for a model: the service checks it when it loads it. */
export async function kindOf(file: string): Promise<FileKind> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(263), 0, 263, 0);
    if (bytesRead > 2 && buffer[0] === 0x1f && buffer[1] === 0x8b) return 'gzip';
    return bytesRead === 263 && buffer.toString('latin1', 257, 262) === 'ustar' ? 'tar' : 'model';
  } finally {
    await handle.close();
  }
}

/**
 * Unpacks an archive. Nothing is written outside of the folder, and no existing file is replaced.
 *
 * @param most the most bytes that its files may have together
 * @throws {DownloadError} if the archive is damaged or too large, or contains something other than files and folders
 */
export async function unpack(file: string, kind: 'gzip' | 'tar', folder: string, most: number): Promise<void> {
  const packed = createReadStream(file);
  const stream = kind === 'gzip' ? packed.pipe(createGunzip()) : packed;
  packed.on('error', (error) => stream.destroy(error));
  let left = most;
  try {
    for await (const { path, size, content } of tarFiles(stream as AsyncIterable<Buffer>)) {
      left -= size;
      if (left < 0)
        throw new DownloadError(
          `The files in the archive have more than the ${most} bytes that are left. Set a larger \`sizeLimit\`.`,
        );
      const target = join(folder, path);
      mkdirSync(dirname(target), { recursive: true });
      await pipeline(content, createWriteStream(target, { flags: 'wx', mode: 0o644 }));
    }
  } catch (cause) {
    if (cause instanceof DownloadError) throw cause;
    const { code = '', message } = cause as NodeJS.ErrnoException;
    if (code.startsWith('Z_'))
      throw new DownloadError(`The archive cannot be decompressed: ${message}. Create it again.`, { cause });
    if (code === 'EEXIST' || code === 'ENOTDIR' || code === 'EISDIR')
      throw new DownloadError('The archive contains the same path twice. Create it again.', { cause });
    throw cause;
  } finally {
    packed.destroy();
    stream.destroy();
  }
}
