import { decodeFrame, frameBytes, preludeBytes, type Frame } from './frames.ts';

/** Reads into `buffer`; returns the number of bytes, or 0 at the end of the stream. */
export type Read = (buffer: Buffer, offset: number, length: number) => number;

const smallest = 64 * 1024;

/** Reads frames with blocking reads, into one buffer that grows with the largest frame. */
export class FrameReader {
  readonly #read: Read;
  #buffer = Buffer.allocUnsafeSlow(smallest);
  #start = 0;
  #end = 0;

  constructor(read: Read) {
    this.#read = read;
  }

  /** Waits for the next frame. It is valid until the next call. Returns undefined at the end of the stream. */
  next(): Frame | undefined {
    if (!this.#fill(preludeBytes)) return undefined;
    const bytes = frameBytes(this.#buffer, this.#start);
    if (!this.#fill(bytes)) return undefined;
    const frame = decodeFrame(this.#buffer, this.#start);
    this.#start += bytes;
    return frame;
  }

  /** Frees the buffer at once, without waiting for the garbage collector. No frame may be in use. */
  free(): void {
    this.#buffer.buffer.transfer(0);
    this.#buffer = Buffer.allocUnsafeSlow(smallest);
    this.#start = this.#end = 0;
  }

  /** Reads until `bytes` of the next frame are there. */
  #fill(bytes: number): boolean {
    if (this.#start === this.#end) this.#start = this.#end = 0;
    if (this.#start + bytes > this.#buffer.length) this.#makeRoom(bytes);
    while (this.#end - this.#start < bytes) {
      const count = this.#read(this.#buffer, this.#end, this.#buffer.length - this.#end);
      if (count === 0) return false;
      this.#end += count;
    }
    return true;
  }

  #makeRoom(bytes: number): void {
    const next = bytes > this.#buffer.length ? Buffer.allocUnsafeSlow(bytes) : this.#buffer;
    this.#buffer.copy(next, 0, this.#start, this.#end);
    this.#end -= this.#start;
    this.#start = 0;
    this.#buffer = next;
  }
}
