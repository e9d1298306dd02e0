import { freeMemory } from '../../../onnx/engine/free-memory.ts';
import type { ExchangeRequest, ExchangeResponse } from '../exchange.ts';
import { acceptedEncoding, type Encoding } from '../encodings.ts';

/** What is smaller fits into a few packets, and arrives as fast uncompressed. */
export const LEAST_BYTES = 4096;
/** The fastest level: a higher one takes several times as long, and saves a few percent. */
const LEVEL = 1;
/** How much may be compressed at once: it takes about a tenth of a second. A larger response is compressed alone. */
const MOST_BYTES = 16 * 2 ** 20;
/** The size of the parts in which a body is compressed: each takes a turn of the thread pool. */
const PART_BYTES = 64 * 1024;

/** What a response depends on besides its request's path and body, for caches. */
const VARY: readonly string[] = ['Vary', 'Accept-Encoding'];

/**
 * Compresses the responses of clients that ask for it, outside of the event loop. While many are being compressed,
 * further ones are sent as they are.
 */
export class ResponseCompressor {
  #bytes = 0;

  /**
   * Returns the response to send; without a promise if it is not compressed.
   *
   * @param response is not usable any more
   */
  compress(
    response: ExchangeResponse,
    request: Pick<ExchangeRequest, 'header'>,
  ): ExchangeResponse | Promise<ExchangeResponse> {
    const { body } = response;
    const bytes = typeof body === 'string' || body instanceof Uint8Array ? body.length : sizeOf(body);
    if (bytes < LEAST_BYTES) return response;
    const plain = { ...response, headers: response.headers.concat(VARY) };
    const encoding = acceptedEncoding(request.header('accept-encoding'));
    if (encoding === undefined || (this.#bytes > 0 && this.#bytes + bytes > MOST_BYTES)) return plain;
    return this.#compress(plain, bytes, encoding);
  }

  async #compress(plain: ExchangeResponse, bytes: number, encoding: Encoding): Promise<ExchangeResponse> {
    this.#bytes += bytes;
    try {
      const { body, headers } = plain;
      const chunks = typeof body === 'string' || body instanceof Uint8Array ? [body] : body;
      const compressed = await compressChunks(chunks, encoding);
      // Random numbers do not become smaller.
      if (sizeOf(compressed) >= bytes) return plain;
      if (chunks === body) for (const chunk of body) freeMemory(chunk);
      return { ...plain, headers: [...headers, 'Content-Encoding', encoding], body: compressed };
    } finally {
      this.#bytes -= bytes;
    }
  }
}

/** Returns what the chunks are together, compressed. */
function compressChunks(chunks: readonly (string | Uint8Array)[], encoding: Encoding): Promise<readonly Uint8Array[]> {
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

function sizeOf(chunks: readonly Uint8Array[]): number {
  return chunks.reduce((sum, { length }) => sum + length, 0);
}
