import type { DType } from '../engine/engine.ts';
import { describeAccepted, pack, toElement, unpack } from './dtypes.ts';

test.each<[DType, unknown, unknown]>([
  ['float32', 1.5, 1.5],
  ['float32', 'NaN', Number.NaN],
  ['float64', '-Infinity', -Infinity],
  ['float16', 2n ** 10n, 1024],
  ['int8', -128, -128],
  ['uint8', '255', 255],
  ['int64', 5, 5n],
  ['int64', '-9223372036854775808', -(2n ** 63n)],
  ['uint64', 2n ** 64n - 1n, 2n ** 64n - 1n],
  ['bool', true, true],
  ['string', 'NaN', 'NaN'],
])('%s accepts %p as %p', (dtype, json, value) => {
  expect(toElement(dtype, json)).toEqual(value);
});

test.each<[DType, unknown]>([
  ['float32', 1e39],
  ['float32', 2n ** 200n],
  ['float16', 65505],
  ['float64', Infinity],
  ['float32', '1.5'],
  ['float32', null],
  ['float32', [1]],
  ['int8', 128],
  ['int8', '128'],
  ['int32', 1.5],
  ['uint64', -1n],
  ['int64', 2n ** 63n],
  ['int64', '9'.repeat(30)],
  ['int64', '1e3'],
  ['int64', '007'],
  ['int64', '-0'],
  ['int32', Number.NaN],
  ['bool', 1],
  ['string', 1],
  ['string', 'a\0b'],
  ['string', '\ud800'],
  ['float32', 'constructor'],
])('%s does not accept %p', (dtype, json) => {
  expect(toElement(dtype, json)).toBeUndefined();
});

test('describes which values fit', () => {
  expect(describeAccepted('int8')).toBe('a whole number (int8) from -128 to 127');
  expect(describeAccepted('float16')).toBe('a number (float16)');
});

test.each<[DType, (number | bigint | boolean | string)[]]>([
  ['float16', [0.5, -65504]],
  ['float32', [0.5]],
  ['float64', [0.1]],
  ['int8', [-1]],
  ['int16', [-1]],
  ['int32', [-1]],
  ['int64', [-(2n ** 63n)]],
  ['uint8', [255]],
  ['uint16', [1]],
  ['uint32', [2 ** 32 - 1]],
  ['uint64', [2n ** 64n - 1n]],
  ['bool', [true, false]],
  ['string', ['ü', '']],
])('%s: unpacking returns what was packed', (dtype, values) => {
  expect(unpack({ dtype, shape: [values.length], data: pack(dtype, values) })).toEqual(values);
});
