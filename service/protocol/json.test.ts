import { ServiceError } from '../errors.ts';
import { parseJson, stringifyJson } from './json.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

test('parses JSON', () => {
  expect(parseJson(bytes('{"a": [1, null]}'))).toEqual({ a: [1, null] });
});

test.each([
  ['{"a": NaN}', 'line 1, column 7: invalid symbol at "NaN}"'],
  ['{\n  "a": 1,\n}', 'line 3, column 1'],
  ['{"a": 1} x', 'line 1, column 10'],
  ['{"a": 1', 'line 1, column 8'],
  ['{"a": 1 /* one */}', 'line 1, column 9'],
  ["{'a': 1}", 'line 1, column 2'],
  ['', 'it is empty'],
  ['['.repeat(100_000), 'nested too deeply'],
])('names the position of the error in %.20p', (text, place) => {
  expect(() => parseJson(bytes(text))).toThrow(ServiceError);
  expect(() => parseJson(bytes(text))).toThrow(place);
});

test('rejects bytes that are not UTF-8', () => {
  expect(() => parseJson(Uint8Array.of(0x22, 0xff, 0x22))).toThrow('not UTF-8');
});

test.each<[string, unknown]>([
  ['9007199254740991', 9007199254740991],
  ['9007199254740993', 9007199254740993n],
  ['-9223372036854775808', -9223372036854775808n],
  ['18446744073709551615', 18446744073709551615n],
  ['100000000000000000000000', 1e23],
  ['0.12345678901234567', 0.12345678901234567],
  ['12345678901234567.5', 12345678901234567.5],
  ['1e400', Infinity],
  ['-0', -0],
])('the number %s is exact', (text, value) => {
  expect(parseJson(bytes(`{"a": [${text}], "b": "1234567890123456789"}`))).toEqual({
    a: [value],
    b: '1234567890123456789',
  });
});

test('large integers stay unchanged, also next to __proto__', () => {
  const text =
    '{"__proto__":1,"constructor":[-9223372036854775808,18446744073709551615,0.1,"9007199254740993",null,true]}';
  expect(stringifyJson(parseJson(bytes(text)))).toBe(text);
});

test('brackets in strings are not levels, and the deepest allowed nesting can be parsed exactly', () => {
  expect(parseJson(bytes(JSON.stringify('["\\'.repeat(1000))))).toBe('["\\'.repeat(1000));
  expect(stringifyJson(parseJson(bytes(`${'['.repeat(100)}9007199254740993${']'.repeat(100)}`)))).toContain(
    '[9007199254740993]',
  );
  expect(() => parseJson(bytes(`${'{"a":['.repeat(51)}${']}'.repeat(51)}`))).toThrow('at most 100 levels');
});

test('NaN and infinities are written as strings', () => {
  expect(stringifyJson({ a: [NaN, Infinity], b: -Infinity, c: null, d: 'null', e: 0.5, f: -1n })).toBe(
    '{"a":["NaN","Infinity"],"b":"-Infinity","c":null,"d":"null","e":0.5,"f":-1}',
  );
});
