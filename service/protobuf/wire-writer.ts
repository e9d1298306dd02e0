const LENGTH_DELIMITED = 2;
/** Copying a text of this many characters in JavaScript takes less time than calling the encoder. */
const SHORT = 32;

/**
 * Writes a protobuf message from its end to its start: a nested message has its length in front of it, which is only
 * known once it is written. So the fields of a message, and the elements of a field, are written in reverse order.
 */
export class WireWriter {
  #bytes: Buffer;
  #position: number;

  /** @param size the expected size; the buffer grows if it is too small */
  constructor(size: number) {
    this.#bytes = Buffer.allocUnsafe(size);
    this.#position = size;
  }

  /** How many bytes have been written. */
  get length(): number {
    return this.#bytes.length - this.#position;
  }

  /** Returns the message, with room in front of it. Nothing may be written afterwards. */
  finish(room: number): Buffer {
    this.#reserve(room);
    return this.#bytes.subarray(this.#position);
  }

  /** Writes an optional text: nothing if it is empty. */
  string(field: number, text: string): void {
    if (text !== '') this.element(field, text);
  }

  /** Writes an element of a repeated field of texts or bytes. */
  element(field: number, value: string | Uint8Array): void {
    const before = this.length;
    if (typeof value === 'string') this.#text(value);
    else this.raw(value);
    this.delimit(field, before);
  }

  /** Completes a nested message or a packed field. @param before the `length` before its content was written */
  delimit(field: number, before: number): void {
    this.varint(this.length - before);
    this.varint(field * 8 + LENGTH_DELIMITED);
  }

  raw(bytes: Uint8Array): void {
    const start = this.#reserve(bytes.length);
    this.#bytes.set(bytes, start);
  }

  byte(value: number): void {
    const start = this.#reserve(1);
    this.#bytes[start] = value;
  }

  /** Writes an int32, or a non-negative number of less than 2^53. */
  varint(value: number): void {
    if (value >= 0 && value < 0x80) {
      this.byte(value);
    } else if (value >= 0) {
      this.#halves(value >>> 0, Math.floor(value / 2 ** 32));
    } else this.#halves(value >>> 0, 0xffffffff);
  }

  /** Writes an int64 or a uint64. */
  varint64(value: bigint): void {
    this.#halves(Number(value & 0xffffffffn), Number((value >> 32n) & 0xffffffffn));
  }

  #halves(low: number, high: number): void {
    const bits = high === 0 ? 32 - Math.clz32(low) : 64 - Math.clz32(high);
    let size = Math.max(Math.ceil(bits / 7), 1);
    let position = this.#reserve(size);
    for (; size > 1; size--) {
      this.#bytes[position++] = (low & 0x7f) | 0x80;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    this.#bytes[position] = low & 0x7f;
  }

  #text(text: string): void {
    if (text.length <= SHORT) {
      const start = this.#reserve(text.length);
      let index = 0;
      for (; index < text.length; index++) {
        const code = text.charCodeAt(index);
        if (code > 0x7f) break;
        this.#bytes[start + index] = code;
      }
      if (index === text.length) return;
      this.#position += text.length;
    }
    const start = this.#reserve(Buffer.byteLength(text));
    this.#bytes.write(text, start);
  }

  /** Returns where to write that many bytes. It may replace the buffer, so it has to come before the buffer is used. */
  #reserve(size: number): number {
    if (size > this.#position) this.#grow(size);
    return (this.#position -= size);
  }

  #grow(size: number): void {
    const { length } = this;
    const grown = Buffer.allocUnsafe(2 * (length + size));
    this.#bytes.copy(grown, grown.length - length, this.#position);
    this.#bytes = grown;
    this.#position = grown.length - length;
  }
}
