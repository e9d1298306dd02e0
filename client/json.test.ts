import { parseJson, stringifyJson } from './json.ts';

test.each([
  ['9007199254740993', 9007199254740993n],
  ['[-9223372036854775808, 18446744073709551615]', [-9223372036854775808n, 18446744073709551615n]],
  ['{"a":[{"b":9007199254740993}],"c":9007199254740991}', { a: [{ b: 9007199254740993n }], c: 9007199254740991 }],
  // A point or an exponent makes it a float, whatever its digits.
  [
    '[0.98094505071640015, 12345678901234567.5, 12345678901234567e1, 1e30]',
    [0.98094505071640015, 12345678901234567.5, 12345678901234567e1, 1e30],
  ],
  [
    '["9007199254740993", "a \\" 9007199254740993", "\\\\", 9007199254740993]',
    ['9007199254740993', 'a " 9007199254740993', '\\', 9007199254740993n],
  ],
  [
    '{"9007199254740993": "bigint:1:9007199254740993", "n": 9007199254740993}',
    { '9007199254740993': 'bigint:1:9007199254740993', n: 9007199254740993n },
  ],
])('%s', (text, value) => {
  expect(parseJson(text)).toEqual(value);
});

test('invalid JSON stays invalid', () => {
  expect(() => parseJson('{"a": 9007199254740993,}')).toThrow(SyntaxError);
});

test('writes bigints as integers, typed arrays as arrays, NaN and infinities by name', () => {
  expect(stringifyJson({ a: [9007199254740993n, -1n], b: '9007199254740993', c: 1.5, d: undefined })).toBe(
    '{"a":[9007199254740993,-1],"b":"9007199254740993","c":1.5}',
  );
  expect(stringifyJson([BigInt64Array.of(1n, 9223372036854775807n), Float32Array.of(0.5, NaN), Uint8Array.of(3)])).toBe(
    '[[1,9223372036854775807],[0.5,"NaN"],[3]]',
  );
  expect(stringifyJson([NaN, Infinity, -Infinity])).toBe('["NaN","Infinity","-Infinity"]');
  expect(stringifyJson([-0, 0, { a: Float32Array.of(-0) }, 1n])).toBe('[-0.0,0,{"a":[-0.0]},1]');
  expect(parseJson('[-0.0,0]')).toEqual([-0, 0]);
});

test('parses a text of a megabyte', () => {
  const text = 'x"\\'.repeat(400_000);
  expect(parseJson(stringifyJson([text, 2n ** 60n]))).toEqual([text, 2n ** 60n]);
});
