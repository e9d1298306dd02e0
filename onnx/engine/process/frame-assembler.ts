import { decodeFrame, frameBytes, preludeBytes, type Frame } from './frames.ts';

/** Puts frames together from the chunks of a stream. A frame within one chunk is not copied. */
export class FrameAssembler {
  readonly #receive: (frame: Frame) => void;
  readonly #most: number;
  /** The frame in progress, as long as the whole frame once its length is known. */
  #partial: Buffer | undefined;
  #received = 0;

  /** @param most the bytes of the largest frame */
  constructor(receive: (frame: Frame) => void, most = Infinity) {
    this.#receive = receive;
    this.#most = most;
  }

  /** @throws {RangeError} if a frame is too large, before there is memory for it */
  add(chunk: Buffer): void {
    let start = 0;
    while (start < chunk.length) {
      start += this.#partial === undefined ? this.#begin(chunk, start) : this.#continue(this.#partial, chunk, start);
    }
  }

  /** Reads the beginning of a frame; returns how many bytes of the chunk it used. */
  #begin(chunk: Buffer, start: number): number {
    const available = chunk.length - start;
    const known = available >= preludeBytes;
    const bytes = known ? this.#checked(frameBytes(chunk, start)) : preludeBytes;
    if (known && bytes <= available && (chunk.byteOffset + start) % 8 === 0) {
      this.#receive(decodeFrame(chunk, start));
      return bytes;
    }
    this.#partial = Buffer.allocUnsafeSlow(bytes);
    this.#received = 0;
    return this.#continue(this.#partial, chunk, start);
  }

  #continue(partial: Buffer, chunk: Buffer, start: number): number {
    const used = chunk.copy(partial, this.#received, start);
    this.#received += used;
    if (this.#received < partial.length) return used;
    const bytes = this.#checked(frameBytes(partial, 0));
    if (bytes > partial.length) {
      // Only the prelude was there.
      this.#partial = Buffer.allocUnsafeSlow(bytes);
      partial.copy(this.#partial);
    } else {
      this.#partial = undefined;
      this.#receive(decodeFrame(partial, 0));
    }
    return used;
  }

  #checked(bytes: number): number {
    if (bytes >= preludeBytes && bytes <= this.#most) return bytes;
    throw new RangeError(`it has ${bytes} bytes, expected at most ${this.#most}`);
  }
}
