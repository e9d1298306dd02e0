import type { DType, Tensor } from '../engine/engine.ts';
import { resolveSignature, type Signature } from '../signature/signature.ts';
import { canShareRun, encodeRows } from './encode-rows.ts';
import { decodePredictions } from './decode-predictions.ts';

function signature(
  inputs: [string, DType, (number | string)[]][],
  outputs: [string, DType, (number | string)[]][],
): Signature {
  const info = ([name, dtype, shape]: [string, DType, (number | string)[]]) => ({ name, dtype, shape });
  return resolveSignature(
    { name: 'm' },
    { inputs: inputs.map(info), outputs: outputs.map(info) },
    { labels: new Map() },
    {},
  );
}
const tensor = (dtype: DType, shape: number[], data: Tensor['data']): Tensor => ({ dtype, shape, data });

test('tables, columns and tensors each go into their own input', () => {
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

test('rows of different shapes cannot share a run', () => {
  const tokens = signature([['tokens', 'int64', ['N', 'L']]], [['y', 'float32', ['N', 2]]]);
  const row = (...data: bigint[]) => [{ shape: [data.length], data }];
  expect(canShareRun(tokens, [row(1n, 2n), row(3n, 4n)])).toBe(true);
  expect(canShareRun(tokens, [row(1n, 2n), row(3n)])).toBe(false);
});

test('outputs are nested arrays by name, without the dimension of rows', () => {
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

test('the objects that a detector finds are a list, even if there is one or none', () => {
  const detector = signature(
    [['image', 'float32', [1, 1, 8, 8]]],
    [
      ['boxes', 'float32', ['objects', 4]],
      ['labels', 'string', ['objects']],
    ],
  );
  for (const labels of [[], ['cat'], ['cat', 'dog']]) {
    const boxes = tensor('float32', [labels.length, 4], new Float32Array(labels.length * 4));
    const outputs = { boxes, labels: tensor('string', [labels.length], labels) };
    expect(decodePredictions(detector, outputs, 1)).toEqual([
      { outputs: { boxes: labels.map(() => [0, 0, 0, 0]), labels } },
    ]);
  }
});

test('an unbatched model has its tensors unchanged as inputs and outputs', () => {
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
