/**
 * Reads and writes the protobuf wire format (https://protobuf.dev/programming-guides/encoding/), as far as editing a
 * model needs it.
 *
 * A library would decode the whole model into objects, but a random forest holds millions of attribute values, and
 * weights can be gigabytes. This code walks a message field by field, and copies the fields that it does not look into.
 */

/** The bytes are not a complete protobuf message. */
export class ProtobufError extends Error {
  override readonly name = 'ProtobufError';
  /** If the bytes end in the middle of a field: its number, and the byte at which it would end, if known. */
  readonly cut: { readonly field: number; readonly end?: number } | undefined;

  constructor(message: string, cut?: { readonly field: number; readonly end?: number }) {
    super(message);
    this.cut = cut;
  }
}

/** One field of a message. `value` is a number for varints; otherwise it is the bytes (a view, not a copy). */
export interface Field {
  readonly number: number;
  readonly value: bigint | Uint8Array;
  /** The whole field as the message holds it, with its tag. */
  readonly raw: Uint8Array;
}

const VARINT = 0;
const I64 = 1;
const LENGTH_DELIMITED = 2;
const I32 = 5;

/**
 * Walks the fields of a message, in order.
 *
 * @throws {ProtobufError} if the bytes end in the middle of a field, or are not a field
 */
export function* fields(message: Uint8Array): Generator<Field> {
  let at = 0;
  let number = 0;
  const varint = (): bigint => {
    const single = message[at];
    if (single !== undefined && single < 0x80) {
      at++;
      return BigInt(single);
    }
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = message[at++];
      if (byte === undefined)
        throw new ProtobufError(`the data ends at byte ${message.length}, in the middle of a number`, {
          field: number,
        });
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new ProtobufError(`a number at byte ${at} has more than 64 bits`);
  };
  /** Most tags and lengths are one byte: a list of a forest has millions. */
  const short = (): number => {
    const single = message[at];
    if (single === undefined || single >= 0x80) return Number(varint());
    at++;
    return single;
  };
  const bytes = (length: number): Uint8Array => {
    if (at + length > message.length) {
      throw new ProtobufError(`the data ends at byte ${message.length}, but a field continues to byte ${at + length}`, {
        field: number,
        end: at + length,
      });
    }
    return message.subarray(at, (at += length));
  };
  while (at < message.length) {
    const start = at;
    const tag = short();
    number = Math.floor(tag / 8);
    if (number === 0 || number > 0x1fffffff)
      throw new ProtobufError(`the field at byte ${start} has the invalid number ${number}`);
    let value: bigint | Uint8Array;
    switch (tag & 7) {
      case VARINT:
        value = varint();
        break;
      case I64:
        value = bytes(8);
        break;
      case LENGTH_DELIMITED:
        value = bytes(short());
        break;
      case I32:
        value = bytes(4);
        break;
      default:
        throw new ProtobufError(`the field at byte ${start} has the unknown wire type ${tag & 7}`);
    }
    yield { number, value, raw: message.subarray(start, at) };
  }
}

/** Returns the first field with a number, and does not walk the fields after it. */
export function first(message: Uint8Array, number: number): Field | undefined {
  for (const field of fields(message)) if (field.number === number) return field;
  return undefined;
}

/** Returns the submessages or strings of a repeated field, as bytes. */
export function messages(parent: Uint8Array, number: number): Uint8Array[] {
  const found: Uint8Array[] = [];
  // Not as a list of all fields, which takes more memory than a large graph itself.
  for (const field of fields(parent)) if (field.number === number) found.push(message(field));
  return found;
}

/** Returns the string in the first field with a number; '', protobuf's default, if there is none. */
export function textOf(parent: Uint8Array, number: number): string {
  const field = first(parent, number);
  return field === undefined ? '' : text(field);
}

/** Returns the bytes of a field that holds a submessage or a string. */
export function message(field: Field): Uint8Array {
  if (typeof field.value === 'bigint') throw new ProtobufError(`field ${field.number} is a number, expected bytes`);
  return field.value;
}

/** Returns the string in a field. */
export function text(field: Field): string {
  return new TextDecoder().decode(message(field));
}

/** Returns the signed 64-bit integer in a field: protobuf's int64 is two's complement in a varint. */
export function int64(field: Field): bigint {
  if (typeof field.value !== 'bigint') throw new ProtobufError(`field ${field.number} is bytes, expected a number`);
  return BigInt.asIntN(64, field.value);
}

/** Returns the numbers of a repeated int64 field, which a writer may or may not pack into one field. */
export function* int64s(field: Field): Generator<bigint> {
  if (typeof field.value === 'bigint') yield int64(field);
  else yield* unpack(field.value);
}

function* unpack(packed: Uint8Array): Generator<bigint> {
  let value = 0n;
  let shift = 0n;
  for (const byte of packed) {
    value |= BigInt(byte & 0x7f) << shift;
    shift += 7n;
    if (byte < 0x80) {
      yield BigInt.asIntN(64, value);
      value = shift = 0n;
    }
  }
}

/** Encodes one field: a number as a varint; a string or joined parts as a length and the bytes. */
export function encode(number: number, value: number | string | readonly Uint8Array[]): Uint8Array {
  if (typeof value === 'number')
    return Uint8Array.from([...varintBytes((number << 3) | VARINT), ...varintBytes(value)]);
  return concatenate(embed(number, typeof value === 'string' ? [new TextEncoder().encode(value)] : value));
}

/** Encodes a field of several parts without joining them: weights are copied only once, with the whole model. */
export function embed(number: number, parts: readonly Uint8Array[]): Uint8Array[] {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return [Uint8Array.from([...varintBytes((number << 3) | LENGTH_DELIMITED), ...varintBytes(length)]), ...parts];
}

/** Joins byte arrays into one. */
export function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function varintBytes(value: number): number[] {
  const out: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...out, rest];
    out.push((rest % 128) | 0x80);
  }
}
