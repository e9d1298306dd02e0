/** The bytes are not a valid message. */
export class WireError extends Error {
  override readonly name = 'WireError';
}

/** How a value is encoded: https://protobuf.dev/programming-guides/encoding/#structure */
const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const START_GROUP = 3;
const END_GROUP = 4;
const FIXED32 = 5;

/**
 * Reads the fields of a protobuf message in the order in which they were sent:
 *
 *     while (reader.next()) if (reader.field === 1) name = reader.string(); else reader.skip();
 *
 * All methods throw a WireError if the message is invalid. In a repeated field of numbers, each value is read
 * separately, or, if `packed`, all of them between `enter` and `leave`.
 */
export class WireReader {
  readonly #bytes: Buffer;
  #position = 0;
  #end: number;
  #field = 0;
  #type = 0;
  /** The halves of the varint that was read last. */
  #low = 0;
  #high = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#end = bytes.length;
  }

  /** The number of the current field. */
  get field(): number {
    return this.#field;
  }

  /** Whether the current field contains any number of values, if its values are numbers. */
  get packed(): boolean {
    return this.#type === LENGTH_DELIMITED;
  }

  /** Whether there are more bytes in the message, or in the value that was entered. */
  get more(): boolean {
    return this.#position < this.#end;
  }

  /** Moves to the next field. Returns false at the end of the message. */
  next(): boolean {
    if (this.#position >= this.#end) return false;
    this.#varint();
    this.#type = this.#low & 7;
    this.#field = this.#low >>> 3;
    if (this.#field === 0 || this.#high !== 0) throw new WireError('a field has no valid number');
    return true;
  }

  skip(): void {
    // Groups are obsolete, but unknown fields may be groups. They can be nested deeply, so there is no recursion.
    let depth = 0;
    do {
      if (depth > 0 && !this.next()) throw new WireError('a group has no end');
      if (this.#type === START_GROUP) depth++;
      else if (this.#type === END_GROUP) depth--;
      else this.#skipValue();
    } while (depth > 0);
    if (depth < 0) throw new WireError('a group has no start');
  }

  #skipValue(): void {
    if (this.#type === VARINT) this.#varint();
    else if (this.#type === FIXED64) this.#advance(8);
    else if (this.#type === FIXED32) this.#advance(4);
    else this.#advance(this.#length());
  }

  /** Returns a view, not a copy. */
  bytes(): Buffer {
    const length = this.#length();
    const start = this.#advance(length);
    return this.#bytes.subarray(start, start + length);
  }

  string(): string {
    const length = this.#length();
    const start = this.#advance(length);
    return this.#bytes.toString('utf8', start, start + length);
  }

  /** Enters a nested message or a packed field. Returns what `leave` needs. */
  enter(): number {
    const length = this.#length();
    const outer = this.#end;
    const start = this.#advance(length);
    this.#end = this.#position;
    this.#position = start;
    return outer;
  }

  leave(outer: number): void {
    this.#position = this.#end;
    this.#end = outer;
  }

  /** Returns how many varints a packed field has that was entered. */
  countVarints(): number {
    let count = 0;
    for (let index = this.#position; index < this.#end; index++) if ((this.#bytes[index] as number) < 0x80) count++;
    return count;
  }

  uint32(): number {
    this.#varint();
    return this.#low >>> 0;
  }

  int32(): number {
    this.#varint();
    return this.#low | 0;
  }

  bool(): boolean {
    this.#varint();
    return (this.#low | this.#high) !== 0;
  }

  /** Returns a bigint only if a number would not be exact. */
  int64(): number | bigint {
    this.#varint();
    const high = this.#high | 0;
    const value = high * 2 ** 32 + (this.#low >>> 0);
    return Number.isSafeInteger(value) ? value : (BigInt(high) << 32n) | BigInt(this.#low >>> 0);
  }

  uint64(): number | bigint {
    this.#varint();
    const value = (this.#high >>> 0) * 2 ** 32 + (this.#low >>> 0);
    return Number.isSafeInteger(value) ? value : (BigInt(this.#high >>> 0) << 32n) | BigInt(this.#low >>> 0);
  }

  float(): number {
    return this.#bytes.readFloatLE(this.#advance(4));
  }

  double(): number {
    return this.#bytes.readDoubleLE(this.#advance(8));
  }

  #varint(): void {
    let byte = this.#byte();
    this.#low = byte & 0x7f;
    this.#high = 0;
    for (let shift = 7; byte > 0x7f; shift += 7) {
      if (shift > 63) throw new WireError('a number has more than ten bytes');
      byte = this.#byte();
      const bits = byte & 0x7f;
      if (shift < 28) this.#low |= bits << shift;
      else if (shift === 28) {
        this.#low |= bits << 28;
        this.#high = bits >>> 4;
      } else this.#high |= bits << (shift - 32);
    }
  }

  #byte(): number {
    if (this.#position >= this.#end) throw new WireError('it ends within a field');
    return this.#bytes[this.#position++] as number;
  }

  #length(): number {
    if (this.#type !== LENGTH_DELIMITED) throw new WireError(`field ${this.#field} has the wrong type`);
    this.#varint();
    if (this.#high !== 0) throw new WireError('it ends within a field');
    return this.#low >>> 0;
  }

  /** Returns the position before. */
  #advance(bytes: number): number {
    const start = this.#position;
    if (bytes > this.#end - start) throw new WireError('it ends within a field');
    this.#position = start + bytes;
    return start;
  }
}
