import { encode, fields, int64, int64s, message, ProtobufError, text } from './protobuf.ts';

const only = (bytes: Uint8Array) => [...fields(bytes)][0]!;

test('reads back what it encodes, and keeps the raw bytes of each field', () => {
  const bytes = encode(3, [encode(1, 300), encode(2, 'iris')]);
  const outer = only(bytes);
  expect(outer.raw).toEqual(bytes);
  const [number, name] = [...fields(message(outer))];
  expect(int64(number!)).toBe(300n);
  expect(text(name!)).toBe('iris');
});

test('skips fixed-width fields, which models also contain', () => {
  const bytes = Uint8Array.of((1 << 3) | 5, 0, 0, 128, 63, (2 << 3) | 1, 1, 2, 3, 4, 5, 6, 7, 8, (3 << 3) | 0, 7);
  expect([...fields(bytes)].map(({ number }) => number)).toEqual([1, 2, 3]);
});

test('reads negative and packed numbers', () => {
  const minusOne = Uint8Array.of(8, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1);
  expect(int64(only(minusOne))).toBe(-1n);
  expect([...int64s(only(encode(8, [Uint8Array.of(1, 172, 2)])))]).toEqual([1n, 300n]);
});

test.each([
  ['a length beyond the end', Uint8Array.of(10, 5, 1), 'the data ends at byte 3'],
  ['a number without its last byte', Uint8Array.of(8, 128), 'in the middle of a number'],
  ['a group, which protobuf no longer uses', Uint8Array.of(11), 'unknown wire type 3'],
  ['the field number 0', Uint8Array.of(0, 1), 'invalid number 0'],
  ['a number of more than 64 bits', new Uint8Array(12).fill(255).with(0, 8), 'more than 64 bits'],
])('%s is an error', (_, bytes, reason) => {
  expect(() => [...fields(bytes)]).toThrow(ProtobufError);
  expect(() => [...fields(bytes)]).toThrow(reason);
});
