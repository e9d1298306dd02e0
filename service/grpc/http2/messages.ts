import type { WireWriter } from '../../protobuf/wire-writer.ts';

/** In front of each message: a byte that is 1 if the message is compressed, and its length in four bytes. */
export const PREFIX_BYTES = 5;

export interface ReceivedMessage {
  readonly compressed: boolean;
  readonly bytes: Buffer;
}

/** A client sends a message that is larger than the limit. */
export class MessageTooLarge extends Error {
  override readonly name = 'MessageTooLarge';
}

const EMPTY: Buffer = Buffer.alloc(0);

/**
 * Divides the bytes of a stream into messages. Keeps no more than one message that is incomplete, in one buffer: a
 * client may send each byte in a frame of its own, and an object for each would take hundreds of times as much memory.
 */
export class MessageReader {
  readonly #limit: number;
  #buffer = EMPTY;
  /** How much of the buffer has arrived. */
  #length = 0;
  /** Whether nobody else has a view of the buffer, so that it can be written to. */
  #own = false;
  /** How many bytes it takes to continue. */
  #needed = PREFIX_BYTES;

  /** @param limit the size of the largest message */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** How many bytes of a message that is incomplete have arrived. */
  get pending(): number {
    return this.#length;
  }

  /** Drops what has arrived. */
  clear(): void {
    this.#keep(EMPTY);
  }

  push(chunk: Buffer): void {
    if (this.#length === 0) {
      this.#keep(chunk);
      return;
    }
    const length = this.#length + chunk.length;
    if (!this.#own || length > this.#buffer.length) this.#grow(length);
    this.#buffer.set(chunk, this.#length);
    this.#length = length;
  }

  /**
   * Returns the next message, or undefined if it has not arrived completely.
   *
   * @throws {MessageTooLarge} as soon as its length has arrived
   */
  next(): ReceivedMessage | undefined {
    if (this.#length < this.#needed) return undefined;
    const bytes = this.#buffer.subarray(0, this.#length);
    const end = PREFIX_BYTES + bytes.readUInt32BE(1);
    if (end - PREFIX_BYTES > this.#limit) throw new MessageTooLarge();
    if (bytes.length < end) {
      this.#needed = end;
      return undefined;
    }
    this.#needed = PREFIX_BYTES;
    this.#keep(bytes.length === end ? EMPTY : bytes.subarray(end));
    return { compressed: bytes[0] === 1, bytes: bytes.subarray(PREFIX_BYTES, end) };
  }

  #keep(bytes: Buffer): void {
    this.#buffer = bytes;
    this.#length = bytes.length;
    this.#own = false;
  }

  /** Makes room for twice as much as has arrived, but for no more than the message. */
  #grow(length: number): void {
    const most = this.#needed > PREFIX_BYTES ? this.#needed : Infinity;
    const larger = Buffer.allocUnsafeSlow(Math.max(length, Math.min(2 * length, most)));
    larger.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = larger;
    this.#own = true;
  }
}

/** Puts the prefix in front of a message. */
export function frameMessage(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(PREFIX_BYTES + message.length);
  writePrefix(frame, message.length);
  frame.set(message, PREFIX_BYTES);
  return frame;
}

/** Returns what a writer has written, with the prefix in front of it. */
export function finishFrame(writer: WireWriter): Buffer {
  const frame = writer.finish(PREFIX_BYTES);
  writePrefix(frame, frame.length - PREFIX_BYTES);
  return frame;
}

/** Writes the prefix of a message to the start of a buffer. */
export function writePrefix(frame: Buffer, length: number, compressed = false): void {
  frame[0] = Number(compressed);
  frame.writeUInt32BE(length, 1);
}
