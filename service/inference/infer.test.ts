import { EngineError, type Tensor } from '../../onnx/engine/engine.ts';
import type { Model } from '../../onnx/model.ts';
import type { Signature } from '../../onnx/signature/signature.ts';
import type { TensorSpec } from '../../onnx/signature/tensor-spec.ts';
import { Executor } from './queue/executor.ts';
import { infer, type Inferrer, type NamedTensor } from './infer.ts';
import { unmeasuredPlan } from './queue/serving-plan.ts';
import type { Tensors } from './run.ts';

const specs: readonly TensorSpec[] = [
  { name: 'image', dtype: 'float32', shape: ['N', 2, 'W'] },
  { name: 'mask', dtype: 'bool', shape: ['N', ''] },
  { name: 'word', dtype: 'string', shape: [] },
];
const image = { name: 'image', dtype: 'float32', shape: [1, 2, 3], data: new Float32Array(6) } as const;
const mask = { name: 'mask', dtype: 'bool', shape: [1, 5], data: new Uint8Array(5) } as const;
const word = { name: 'word', dtype: 'string', shape: [], data: ['é'] } as const;

function model(
  run: Model['run'] = (feeds, fetches) =>
    Promise.resolve(Object.fromEntries(fetches.map((name) => [name, feeds[name]!]))),
): Inferrer {
  const signature = { name: 'echo', inputs: specs, outputs: specs, batching: 'unbatched' } as unknown as Signature;
  return { model: { signature }, executor: new Executor(signature, { run }, unmeasuredPlan('unbatched')) };
}

const options = { deadline: Infinity };

const refusal = async (inputs: readonly NamedTensor[], outputs: readonly string[] = []): Promise<unknown> =>
  infer(model(), inputs, outputs, options).catch((error: unknown) => error);

test('inputs may be in any order; outputs are all, or the requested ones in order', async () => {
  expect(await infer(model(), [word, image, mask], [], options)).toEqual([image, mask, word]);
  expect(await infer(model(), [image, mask, word], ['word', 'image'], options)).toEqual([word, image]);
});

describe('a tensor without elements never reaches the runtime', () => {
  const X = { name: 'X', dtype: 'float32', shape: ['N', 4] } as const;
  const W = { name: 'W', dtype: 'int64', shape: ['N', 'L'] } as const;
  const label = { name: 'label', dtype: 'string', shape: ['N'] } as const;
  const scores = { name: 'scores', dtype: 'float64', shape: ['', 3, 2] } as const;
  const batched = (inputs: readonly TensorSpec[], outputs: readonly TensorSpec[]): Inferrer => {
    const signature = { name: 'm', inputs, outputs, batching: 'batched' } as unknown as Signature;
    const run = (): Promise<Tensors> => Promise.reject(new Error('it ran'));
    return { model: { signature }, executor: new Executor(signature, { run }, unmeasuredPlan('batched')) };
  };
  const none = { name: 'X', dtype: 'float32', shape: [0, 4], data: new Float32Array(0) } as const;
  const words = (shape: readonly number[]): NamedTensor => ({
    name: 'W',
    dtype: 'int64',
    shape,
    data: new BigInt64Array(shape.reduce((product, size) => product * size, 1)),
  });
  const message = (model: Inferrer, inputs: readonly NamedTensor[]): Promise<unknown> =>
    infer(model, inputs, [], options).catch((error: unknown) => error);

  test('no rows are answered with no rows, if the outputs are declared', async () => {
    expect(await infer(batched([X], [label, scores]), [none], [], options)).toEqual([
      { name: 'label', dtype: 'string', shape: [0], data: [] },
      { name: 'scores', dtype: 'float64', shape: [0, 3, 2], data: new Float64Array(0) },
    ]);
    expect(await infer(batched([X, W], [label, scores]), [words([0, 5]), none], ['label'], options)).toMatchObject([
      { name: 'label', shape: [0] },
    ]);
  });

  test.each<[string, Inferrer, readonly NamedTensor[], string]>([
    [
      'no rows, if an output depends on them',
      batched([X], [label, { name: 'found', dtype: 'int64', shape: ['N', 'K'] }]),
      [none],
      "Input 'X' has no rows, and the dimensions of the output 'found' depend on its rows. Send at least one row.",
    ],
    [
      'no rows in one of two inputs',
      batched([{ ...X, shape: ['', 4] }, W], [label]),
      [none, words([2, 1])],
      "Input 'X': it has no rows, but 'W' has 2.",
    ],
    [
      'rows without elements',
      batched([W], [label]),
      [words([3, 0])],
      "Input 'W': dimension 1 of the shape [3, 0] is 0, expected at least 1.",
    ],
    [
      'rows without elements, which a 0 hides',
      batched([{ name: 'W', dtype: 'int64', shape: ['N', 'L', 16] }], [label]),
      [words([67108864, 0, 16])],
      "Input 'W': dimension 1 of the shape [67108864, 0, 16] is 0, expected at least 1.",
    ],
    [
      'a dynamic dimension of 0 of a model without rows',
      model(() => Promise.reject(new Error('it ran'))),
      [{ ...image, shape: [1, 2, 0], data: new Float32Array(0) }, mask, word],
      "Input 'image': dimension 2 of the shape [1, 2, 0] is 0, expected at least 1.",
    ],
  ])('rejected: %s', async (_, of, inputs, expected) => {
    expect(await message(of, inputs)).toMatchObject({ code: 'invalid-input', message: expected });
  });
});

const cases: [string, readonly NamedTensor[], string][] = [
  ['a missing input', [image, word], "Input 'mask' is missing. The model's inputs are 'image', 'mask', 'word'."],
  ['a duplicate', [image, mask, word, mask], "Input 'mask' is duplicated."],
  [
    'an unknown one',
    [image, mask, word, { ...word, name: '__proto__' }],
    "There is no input '__proto__'. The model's inputs are 'image', 'mask', 'word'.",
  ],
  [
    'a dtype',
    [{ ...image, dtype: 'float64', data: new Float64Array(6) }, mask, word],
    "Input 'image': its dtype is float64, expected float32.",
  ],
  [
    'a rank',
    [{ ...image, shape: [2, 3] }, mask, word],
    "Input 'image': the shape [2, 3] does not match float32[N, 2, W]: 2 dimensions, expected 3.",
  ],
  [
    'a rank of a scalar',
    [image, mask, { ...word, shape: [1] }],
    "Input 'word': the shape [1] does not match string: 1 dimension, expected 0.",
  ],
  [
    'a fixed dimension',
    [{ ...image, shape: [1, 3, 2] }, mask, word],
    "Input 'image': the shape [1, 3, 2] does not match float32[N, 2, W]: dimension 1 is 3, expected 2.",
  ],
  [
    'a count',
    [{ ...image, shape: [1, 2, 4] }, mask, word],
    "Input 'image': it has 6 elements, but the shape [1, 2, 4] has 8.",
  ],
  ['a count of one', [image, mask, { ...word, data: [] }], "Input 'word': it has 0 elements, but the shape [] has 1."],
  [
    'a negative dimension',
    [{ ...image, shape: [1, 2, -3] }, mask, word],
    "Input 'image': dimension 2 of the shape is -3, expected a whole number of at least 0.",
  ],
  [
    'a fraction',
    [{ ...image, shape: [1, 2, 0.5] }, mask, word],
    "Input 'image': dimension 2 of the shape is 0.5, expected a whole number of at least 0.",
  ],
  [
    'a product past counting',
    [{ ...image, shape: [2 ** 32, 2, 2 ** 32] }, mask, word],
    "Input 'image': the shape [4294967296, 2, 4294967296] has more than 2147483647 elements.",
  ],
  [
    'a product that a 0 hides',
    [{ ...image, shape: [0, 2, 2 ** 53] }, mask, word],
    "Input 'image': the shape [0, 2, 9007199254740992] has more than 2147483647 elements.",
  ],
  [
    'a product past a double',
    [{ ...mask, shape: new Array<number>(32).fill(1e300) }, image, word],
    "Input 'mask': the shape [1e+300, ",
  ],
  [
    'too many dimensions',
    [{ ...mask, shape: new Array<number>(33).fill(1) }, image, word],
    "Input 'mask': the shape has 33 dimensions, expected at most 32.",
  ],
  [
    'half a surrogate pair',
    [image, mask, { ...word, data: ['\uD83C'] }],
    "Input 'word': element 0 contains a lone surrogate, which UTF-8 cannot encode.",
  ],
  [
    'a zero in a text',
    [image, mask, { ...word, data: ['a\0b'] }],
    "Input 'word': element 0 contains the character U+0000, which the runtime does not support.",
  ],
];
test.each(cases)('%s is rejected with the name of the tensor', async (_, inputs, message) => {
  expect(await refusal(inputs)).toMatchObject({ code: 'invalid-input', message: expect.stringContaining(message) });
});

test('an unknown and a duplicated output are rejected', async () => {
  expect(await refusal([image, mask, word], ['words'])).toMatchObject({
    code: 'invalid-input',
    message: "There is no output 'words'. The model's outputs are 'image', 'mask', 'word'.",
  });
  expect(await refusal([image, mask, word], ['word', 'word'])).toMatchObject({
    code: 'invalid-input',
    message: "Output 'word' is requested twice.",
  });
});

test("the runtime's reason is passed on; an internal error is not reported as the client's", async () => {
  const failing = (error: Error): Promise<unknown> =>
    infer(
      model((): Promise<Record<string, Tensor>> => Promise.reject(error)),
      [image, mask, word],
      [],
      options,
    ).catch((thrown: unknown) => thrown);
  expect(await failing(new EngineError('run-failed', 'idx=99'))).toMatchObject({
    code: 'invalid-input',
    message: "The model's runtime rejects the inputs, although their types and shapes are valid: idx=99",
  });
  const fault = new TypeError('x is undefined');
  expect(await failing(fault)).toBe(fault);
});
