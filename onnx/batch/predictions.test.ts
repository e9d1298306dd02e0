import type { DType, Tensor } from '../engine/engine.ts';
import { decodePredictions, encodeRows, canShareRun } from './predictions.ts';
import { readCell } from '../signature/cells.ts';
import { resolveSignature, type Feature, type Signature } from '../signature/signature.ts';

const feature = (dtype: DType, shape: Feature['shape']): Feature => ({ name: 'f', dtype, input: 'f', shape });

describe('reading a value', () => {
  test('nested arrays become flat, a dynamic dimension is as long as they are', () => {
    expect(
      readCell(feature('float32', [2, 'L']), [
        [1, 2, 3],
        [4, 5, 6],
      ]),
    ).toEqual({ cell: { shape: [2, 3], data: [1, 2, 3, 4, 5, 6] } });
    expect(readCell(feature('int64', ['L']), [])).toEqual({ cell: { shape: [0], data: [] } });
  });

  test.each<[string, Feature, unknown, object]>([
    [
      'a ragged array',
      feature('float32', [2, '']),
      [[1, 2], [3]],
      { path: [1], value: 'an array of 1', expected: 'an array of 2, since the value is float32[2, ?]' },
    ],
    ['a wrong length', feature('float32', [2]), [1], { path: [], value: 'an array of 1' }],
    ['a number where an array belongs', feature('float32', [2, 2]), [1, 2], { path: [0], value: 1 }],
    [
      'a wrong element',
      feature('uint8', [2]),
      [1, 256],
      { path: [1], value: 256, expected: 'a whole number (uint8) from 0 to 255' },
    ],
    ['an array too deep', feature('float32', [1]), [[1]], { path: [0], value: [1] }],
    [
      'one symbol, two lengths',
      feature('float32', ['n', 'n']),
      [[1, 2]],
      { path: [], expected: "one length for both dimensions 'n'" },
    ],
    ['an array for a scalar', feature('float32', []), [1], { path: [], value: [1] }],
  ])('refuses %s', (_, what, json, problem) => {
    expect(readCell(what, json).problem).toMatchObject(problem);
  });
});

function signature(
  inputs: [string, DType, (number | string)[]][],
  outputs: [string, DType, (number | string)[]][],
): Signature {
  const info = ([name, dtype, shape]: [string, DType, (number | string)[]]) => ({ name, dtype, shape });
  return resolveSignature({ name: 'm' }, { inputs: inputs.map(info), outputs: outputs.map(info) }, new Map(), {});
}
const tensor = (dtype: DType, shape: number[], data: Tensor['data']): Tensor => ({ dtype, shape, data });

test('tables, columns and tensors go each into its own input', () => {
  const all = signature(
    [
      ['X', 'float32', ['N', 2]],
      ['name', 'string', ['N', 1]],
      ['image', 'uint8', ['N', 2, 2]],
      ['n', 'int64', ['N']],
    ],
    [['y', 'float32', ['N', 3]]],
  );
  const image = (value: number) => ({ shape: [2, 2], data: [value, value, value, value] });
  expect(
    encodeRows(all, [
      [1, 2, 'a', image(7), 5n],
      [3, 4, 'b', image(8), 6n],
    ]),
  ).toEqual({
    X: tensor('float32', [2, 2], Float32Array.of(1, 2, 3, 4)),
    name: tensor('string', [2, 1], ['a', 'b']),
    image: tensor('uint8', [2, 2, 2], Uint8Array.of(7, 7, 7, 7, 8, 8, 8, 8)),
    n: tensor('int64', [2], BigInt64Array.of(5n, 6n)),
  });
});

test('rows of several shapes cannot share a run', () => {
  const tokens = signature([['tokens', 'int64', ['N', 'L']]], [['y', 'float32', ['N', 2]]]);
  const row = (...data: bigint[]) => [{ shape: [data.length], data }];
  expect(canShareRun(tokens, [row(1n, 2n), row(3n, 4n)])).toBe(true);
  expect(canShareRun(tokens, [row(1n, 2n), row(3n)])).toBe(false);
});

test('outputs by name: nested arrays, without the dimension of rows', () => {
  const boxes = signature(
    [['X', 'float32', ['N', 2]]],
    [
      ['box', 'float32', ['N', 2, 2]],
      ['id', 'int64', ['N']],
    ],
  );
  const outputs = {
    box: tensor('float32', [2, 2, 2], Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8)),
    id: tensor('int64', [2], BigInt64Array.of(2n ** 60n, 1n)),
  };
  expect(decodePredictions(boxes, outputs, 2)).toEqual([
    {
      outputs: {
        box: [
          [1, 2],
          [3, 4],
        ],
        id: 2n ** 60n,
      },
    },
    {
      outputs: {
        box: [
          [5, 6],
          [7, 8],
        ],
        id: 1n,
      },
    },
  ]);
});

test('a model without rows takes and gives its tensors as they are', () => {
  const scalar = signature(
    [
      ['a', 'float32', []],
      ['b', 'bool', [2]],
    ],
    [
      ['sum', 'float32', []],
      ['both', 'bool', [1, 2]],
    ],
  );
  expect(encodeRows(scalar, [[1.5, { shape: [2], data: [true, false] }]])).toEqual({
    a: tensor('float32', [], Float32Array.of(1.5)),
    b: tensor('bool', [2], Uint8Array.of(1, 0)),
  });
  const outputs = { sum: tensor('float32', [], Float32Array.of(2)), both: tensor('bool', [1, 2], Uint8Array.of(1, 0)) };
  expect(decodePredictions(scalar, outputs, 1)).toEqual([{ outputs: { sum: 2, both: [[true, false]] } }]);
});
