import type { Encoding } from '../encodings.ts';

/** What is smaller fits into a few packets, and arrives as fast uncompressed. */
const LEAST_BYTES = 4096;
/** How much may be compressed at once: it takes about a tenth of a second. A larger response is compressed alone. */
const MOST_BYTES = 16 * 2 ** 20;
/** The fastest level: a higher one takes several times as long, and saves a few percent. */
const LEVEL = 1;
/** The size of the parts in which a response is compressed: each takes a turn of the thread pool. */
const PART_BYTES = 64 * 1024;

/** How much is being compressed. One number for HTTP and gRPC: the thread pool is that of the process. */
let present = 0;

/** Returns whether a response of that size is worth compressing. */
export function isCompressible(bytes: number): boolean {
  return bytes >= LEAST_BYTES;
}

/**
 * Compresses a response outside of the event loop. Returns undefined if too much is being compressed already; resolves
 * with undefined if it does not become smaller, as is the case with random numbers.
 *
 * @param bytes the size of the chunks together
 */
export function compress(
  chunks: readonly (string | Uint8Array)[],
  bytes: number,
  encoding: Encoding,
): Promise<readonly Uint8Array[] | undefined> | undefined {
  if (present > 0 && present + bytes > MOST_BYTES) return undefined;
  present += bytes;
  return compressAll(chunks, encoding)
    .then((parts) => (sizeOf(parts) < bytes ? parts : undefined))
    .finally(() => {
      present -= bytes;
    });
}

function compressAll(chunks: readonly (string | Uint8Array)[], encoding: Encoding): Promise<readonly Uint8Array[]> {
  const { createDeflate, createGzip } = process.getBuiltinModule('node:zlib');
  const stream = (encoding === 'gzip' ? createGzip : createDeflate)({ level: LEVEL, chunkSize: PART_BYTES });
  const parts: Uint8Array[] = [];
  return new Promise((resolve, reject) => {
    stream
      .on('data', (part: Buffer) => parts.push(part))
      .on('end', () => {
        resolve(parts);
      })
      .on('error', reject);
    // All of them are in memory, so it does not matter whether the stream has room.
    for (const chunk of chunks) stream.write(chunk);
    stream.end();
  });
}

/** Returns the size of all chunks together. */
export function sizeOf(chunks: readonly Uint8Array[]): number {
  return chunks.reduce((sum, { length }) => sum + length, 0);
}
