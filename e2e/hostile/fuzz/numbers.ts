/** Changes one number of a list that protobuf packs into bytes, such as dimensions, weights and indices. */
import type { Random } from '../../../onnx/seeded-random.ts';

/** How the numbers of a packed field are encoded. */
type Encoding = 'varint' | 'float32' | 'float64';

/** The packed lists of onnx.proto, by message and field. Raw bytes of tensors are changed as if they were floats. */
const encodings: Readonly<Record<string, Readonly<Record<number, Encoding>>>> = {
  attribute: { 7: 'float32', 8: 'varint' },
  tensor: { 1: 'varint', 4: 'float32', 5: 'varint', 7: 'varint', 9: 'float32', 10: 'float64' },
};

/** Numbers at which code breaks. */
export const integers = [
  0n,
  1n,
  2n,
  -1n,
  127n,
  255n,
  65_536n,
  2n ** 31n - 1n,
  2n ** 31n,
  2n ** 32n,
  2n ** 53n,
  2n ** 63n - 1n,
  -(2n ** 63n),
];
const floats = [0, -0, 1, -1, 0.5, 1e-45, 3.4e38, -3.4e38, Infinity, -Infinity, NaN];

/** Returns how the numbers of a field are packed; undefined if it is another field. */
export function encodingOf(kind: string, field: number): Encoding | undefined {
  return encodings[kind]?.[field];
}

/** Returns a packed list with one of its numbers replaced, added or left out. */
export function mutateNumbers(bytes: Uint8Array, encoding: Encoding, random: Random): Uint8Array {
  const pick = (count: number): number => Math.floor(random() * count);
  if (encoding === 'varint') {
    const numbers = varints(bytes);
    const at = pick(numbers.length);
    const value = numbers[at] ?? 0n;
    const others = [integers[pick(integers.length)] ?? 0n, value + 1n, value - 1n, numbers[pick(numbers.length)] ?? 0n];
    const other = others[pick(others.length)] ?? 0n;
    const changed = [numbers.with(at, other), numbers.toSpliced(at, 1), numbers.toSpliced(at, 0, other)];
    return Buffer.concat((numbers.length === 0 ? [other] : (changed[pick(4)] ?? numbers.with(at, other))).map(varint));
  }
  const size = encoding === 'float32' ? 4 : 8;
  const count = Math.floor(bytes.length / size);
  if (count === 0 || random() < 0.2) return random() < 0.5 ? bytes.slice(size) : Buffer.concat([bytes, bytes]);
  const changed = Buffer.from(bytes);
  const [value, at] = [floats[pick(floats.length)] ?? 0, size * pick(count)];
  if (size === 4) changed.writeFloatLE(value, at);
  else changed.writeDoubleLE(value, at);
  return changed;
}

/** Returns an integer as protobuf writes it: two's complement in pieces of seven bits. */
export function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest >= 128n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Buffer.from([...bytes, Number(rest)]);
}

function varints(bytes: Uint8Array): bigint[] {
  const numbers: bigint[] = [];
  let [value, shift] = [0n, 0n];
  for (const byte of bytes) {
    value |= BigInt(byte & 127) << shift;
    shift += 7n;
    if (byte >= 128) continue;
    numbers.push(value);
    [value, shift] = [0n, 0n];
  }
  return numbers;
}
