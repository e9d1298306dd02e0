import type { DType } from '../engine/engine.ts';
import { readCell } from './cells.ts';
import type { Feature } from './features.ts';

const feature = (dtype: DType, shape: Feature['shape']): Feature => ({ name: 'f', dtype, input: 'f', shape });

describe('reading a value', () => {
  test('flattens nested arrays, whose length determines a dynamic dimension', () => {
    expect(
      readCell(feature('float32', [2, 'L']), [
        [1, 2, 3],
        [4, 5, 6],
      ]),
    ).toEqual({ cell: { shape: [2, 3], data: [1, 2, 3, 4, 5, 6] } });
  });

  test('dimensions with the same name may have different lengths', () => {
    expect(readCell(feature('float32', ['n', 'n']), [[1, 2]])).toEqual({ cell: { shape: [1, 2], data: [1, 2] } });
  });

  test.each<[string, Feature, unknown, object]>([
    [
      'a ragged array',
      feature('float32', [2, '']),
      [[1, 2], [3]],
      { path: [1], value: 'an array of 1', expected: 'an array of 2, since the value is float32[2, ?]' },
    ],
    ['a wrong length', feature('float32', [2]), [1], { path: [], value: 'an array of 1' }],
    [
      'no elements',
      feature('int64', ['L']),
      [],
      { value: 'an array of 0', expected: 'an array of at least 1, since the value is int64[L]', isLength: true },
    ],
    [
      'no elements further in',
      feature('int64', ['L', 'M']),
      [[], []],
      { path: [0], value: 'an array of 0', expected: 'an array of at least 1, since the value is int64[L, M]' },
    ],
    ['a number where an array belongs', feature('float32', [2, 2]), [1, 2], { path: [0], value: 1 }],
    [
      'a wrong element',
      feature('uint8', [2]),
      [1, 256],
      { path: [1], value: 256, expected: 'a whole number (uint8) from 0 to 255' },
    ],
    ['an array too deep', feature('float32', [1]), [[1]], { path: [0], value: [1] }],
    ['an array for a scalar', feature('float32', []), [1], { path: [], value: [1] }],
  ])('does not accept %s', (_, what, json, problem) => {
    expect(readCell(what, json).problem).toMatchObject(problem);
  });
});
