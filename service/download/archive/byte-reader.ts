import { DownloadError } from '../download-error.ts';

/** Reads a stream in pieces of chosen sizes. */
export class ByteReader {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(stream: AsyncIterable<Buffer>) {
    this.#chunks = stream[Symbol.asyncIterator]();
  }

  /** Returns the next bytes, at least one and at most so many; undefined at the end. */
  async next(most: number): Promise<Buffer | undefined> {
    while (this.#rest.length === 0) {
      const result = await this.#chunks.next();
      if (result.done === true) return undefined;
      this.#rest = result.value;
    }
    const bytes = this.#rest.subarray(0, most);
    this.#rest = this.#rest.subarray(bytes.length);
    return bytes;
  }

  /** Yields exactly so many bytes. @throws {DownloadError} if there are fewer */
  async *take(count: number): AsyncGenerator<Buffer> {
    for (let left = count; left > 0;) {
      const bytes = await this.next(left);
      if (bytes === undefined) throw new DownloadError('The archive ends in the middle of a file. Create it again.');
      left -= bytes.length;
      yield bytes;
    }
  }

  /** Returns exactly so many bytes. @throws {DownloadError} if there are fewer */
  async exactly(count: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for await (const part of this.take(count)) parts.push(part);
    return Buffer.concat(parts);
  }
}
