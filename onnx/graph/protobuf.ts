/**
 * The protobuf wire format (https://protobuf.dev/programming-guides/encoding/), as far as editing a model needs it.
 *
 * A library would decode the whole model into objects: a random forest holds millions of attribute values, and weights
 * are gigabytes. Here a message is walked field by field; what is not looked into is skipped, and copied as it is.
 */

export class ProtobufError extends Error {
  override readonly name = 'ProtobufError';
  /** Where the bytes end in the middle of a field: its number, and the byte that it goes up to where that is known. */
  readonly cut: { readonly field: number; readonly end?: number } | undefined;

  constructor(message: string, cut?: { readonly field: number; readonly end?: number }) {
    super(message);
    this.cut = cut;
  }
}

/** One field of a message: `value` is a number for varints, else the bytes (a view, not a copy). */
export interface Field {
  readonly number: number;
  readonly value: bigint | Uint8Array;
  /** The whole field as it stands in the message, with its tag. */
  readonly raw: Uint8Array;
}

const VARINT = 0;
const I64 = 1;
const LENGTH_DELIMITED = 2;
const I32 = 5;

/** The fields of a message, in order. @throws ProtobufError where the bytes end in the middle of a field or are none. */
export function* fields(message: Uint8Array): Generator<Field> {
  let at = 0;
  let number = 0;
  const varint = (): bigint => {
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
  const bytes = (length: number): Uint8Array => {
    if (at + length > message.length) {
      throw new ProtobufError(
        `the data ends at byte ${message.length}, where a field needs it up to byte ${at + length}`,
        { field: number, end: at + length },
      );
    }
    return message.subarray(at, (at += length));
  };
  while (at < message.length) {
    const start = at;
    const tag = Number(varint());
    number = Math.floor(tag / 8);
    if (number === 0 || number > 0x1fffffff)
      throw new ProtobufError(`byte ${start} starts a field with the number ${number}`);
    let value: bigint | Uint8Array;
    switch (tag & 7) {
      case VARINT:
        value = varint();
        break;
      case I64:
        value = bytes(8);
        break;
      case LENGTH_DELIMITED:
        value = bytes(Number(varint()));
        break;
      case I32:
        value = bytes(4);
        break;
      default:
        throw new ProtobufError(`byte ${start} starts a field of the unknown wire type ${tag & 7}`);
    }
    yield { number, value, raw: message.subarray(start, at) };
  }
}

/** The first field of the number: what follows it is not walked. */
export function first(message: Uint8Array, number: number): Field | undefined {
  for (const field of fields(message)) if (field.number === number) return field;
  return undefined;
}

/** The submessages, or texts, of a repeated field. */
export function messages(parent: Uint8Array, number: number): Uint8Array[] {
  return [...fields(parent)].filter((field) => field.number === number).map(message);
}

/** The text of the first field of the number; '' where there is none, as protobuf has it. */
export function textOf(parent: Uint8Array, number: number): string {
  const field = first(parent, number);
  return field === undefined ? '' : text(field);
}

/** The field's bytes, as a submessage or text needs them. */
export function message(field: Field): Uint8Array {
  if (typeof field.value === 'bigint') throw new ProtobufError(`field ${field.number} is a number where bytes belong`);
  return field.value;
}

export function text(field: Field): string {
  return new TextDecoder().decode(message(field));
}

/** A signed 64-bit number: protobuf's int64 is two's complement in a varint. */
export function int64(field: Field): bigint {
  if (typeof field.value !== 'bigint') throw new ProtobufError(`field ${field.number} is bytes where a number belongs`);
  return BigInt.asIntN(64, field.value);
}

/** The numbers of a repeated int64 field, which a writer may pack into one field or not. */
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

/** Encodes one field: a number as a varint; text, bytes or several parts, joined, as a length and the bytes. */
export function encode(number: number, value: number | string | readonly Uint8Array[]): Uint8Array {
  if (typeof value === 'number')
    return Uint8Array.from([...varintBytes((number << 3) | VARINT), ...varintBytes(value)]);
  return concatenate(embed(number, typeof value === 'string' ? [new TextEncoder().encode(value)] : value));
}

/** A field of several parts, not joined: weights are copied once, when the whole model is. */
export function embed(number: number, parts: readonly Uint8Array[]): Uint8Array[] {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return [Uint8Array.from([...varintBytes((number << 3) | LENGTH_DELIMITED), ...varintBytes(length)]), ...parts];
}

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
