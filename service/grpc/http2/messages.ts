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

/** Divides the bytes of a stream into messages. Keeps no more than one message that is incomplete. */
export class MessageReader {
  readonly #limit: number;
  #chunks: Buffer[] = [];
  #length = 0;
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
    this.#chunks = [];
    this.#length = 0;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  /**
   * Returns the next message, or undefined if it has not arrived completely.
   *
   * @throws {MessageTooLarge} as soon as its length has arrived
   */
  next(): ReceivedMessage | undefined {
    // Joins the chunks only once they are enough: joining them each time would take quadratic time.
    if (this.#length < this.#needed) return undefined;
    const bytes = this.#join();
    const end = PREFIX_BYTES + bytes.readUInt32BE(1);
    if (end - PREFIX_BYTES > this.#limit) throw new MessageTooLarge();
    if (bytes.length < end) {
      this.#needed = end;
      return undefined;
    }
    this.#needed = PREFIX_BYTES;
    this.#length -= end;
    this.#chunks = this.#length === 0 ? [] : [bytes.subarray(end)];
    return { compressed: bytes[0] === 1, bytes: bytes.subarray(PREFIX_BYTES, end) };
  }

  #join(): Buffer {
    const [first] = this.#chunks;
    if (first !== undefined && this.#chunks.length === 1) return first;
    const joined = Buffer.concat(this.#chunks, this.#length);
    this.#chunks = [joined];
    return joined;
  }
}

/** Puts the prefix in front of a message. */
export function frameMessage(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(PREFIX_BYTES + message.length);
  writePrefix(frame, message.length);
  frame.set(message, PREFIX_BYTES);
  return frame;
}

/** Writes the prefix of an uncompressed message to the start of a buffer. */
export function writePrefix(frame: Buffer, length: number): void {
  frame[0] = 0;
  frame.writeUInt32BE(length, 1);
}
