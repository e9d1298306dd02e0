import { ServiceError } from '../errors.ts';
import { parseJson } from './json.ts';

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
])('names the place where %.20p stops being JSON', (text, place) => {
  expect(() => parseJson(bytes(text))).toThrow(ServiceError);
  expect(() => parseJson(bytes(text))).toThrow(place);
});

test('refuses bytes that are not UTF-8', () => {
  expect(() => parseJson(Uint8Array.of(0x22, 0xff, 0x22))).toThrow('not UTF-8');
});
