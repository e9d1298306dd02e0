import type { TensorInfo } from '../engine/engine.ts';
import type { ClassLabel } from '../graph/class-labels.ts';
import type { ModelJson } from './model-json.ts';
import type { DistributionJson } from './distribution.ts';
import { resolveSignature, SignatureError } from './signature.ts';

const matrix: TensorInfo = { name: 'X', dtype: 'float32', shape: ['', 2] };
const label: TensorInfo = { name: 'label', dtype: 'int64', shape: [''] };
const probabilities: TensorInfo = { name: 'p', dtype: 'float32', shape: ['', 2] };
const zipMap = new Map<string, ClassLabel[]>([['p', [0n, 1n]]]);

function resolve(json: ModelJson, inputs = [matrix], outputs = [label, probabilities], labels = zipMap) {
  return resolveSignature({ name: 'flowers' }, { inputs, outputs }, { labels }, json);
}

test('without model.json, the names come from the folder and the graph', () => {
  const signature = resolve({});
  expect(signature).toMatchObject({ name: 'flowers', version: '1', examples: [] });
  expect(signature.features).toEqual([
    { name: 'X_0', dtype: 'float32', input: 'X', column: 0, shape: [] },
    { name: 'X_1', dtype: 'float32', input: 'X', column: 1, shape: [] },
  ]);
  expect(signature.output).toEqual({
    task: 'classifier',
    classes: ['0', '1'],
    label: 'label',
    labels: [0n, 1n],
    probabilities: ['p'],
  });
});

test('if each input is one column, each feature has the name of its input', () => {
  const inputs: TensorInfo[] = [
    { name: 'colour', dtype: 'string', shape: ['', 1] },
    { name: 'size', dtype: 'float32', shape: ['', 1] },
  ];
  expect(resolve({}, inputs).features.map(({ name, dtype }) => [name, dtype])).toEqual([
    ['colour', 'string'],
    ['size', 'float32'],
  ]);
});

test('only a float may be nullable', () => {
  const whole: TensorInfo = { name: 'n', dtype: 'int64', shape: ['', 1] };
  expect(() => resolve({ features: [{ name: 'a', nullable: true }] }, [whole])).toThrow(
    "the feature 'a' is nullable, but it is int64",
  );
  expect(resolve({ features: [{ name: 'a', nullable: false }] }, [whole]).features).toMatchObject([{ name: 'a' }]);
});

test('a distribution has a share for each bin', () => {
  const [number, text] = [
    { name: 'n', dtype: 'float32', shape: ['', 1] },
    { name: 's', dtype: 'string', shape: ['', 1] },
  ] satisfies TensorInfo[];
  const distribution = { bounds: [1, 2], shares: [0.2, 0.3, 0.5] };
  expect(resolve({ features: [{ name: 'a', distribution }] }, [number!]).features).toMatchObject([{ distribution }]);
  for (const [wrong, problem] of [
    [{ ...distribution, shares: [1] }, 'has 1 shares for 3 bins'],
    [{ ...distribution, bounds: [2, 2] }, 'has bounds that are not ascending'],
    [{ shares: [1] }, 'has no bounds, which numbers need'],
  ] as const)
    expect(() => resolve({ features: [{ name: 'a', distribution: wrong }] }, [number!])).toThrow(
      `the distribution of the feature 'a' in model.json ${problem}. Correct it, or leave it out.`,
    );
  const choices = ['x', 'y'];
  const words = (wrong: DistributionJson) =>
    resolve({ features: [{ name: 'a', choices, distribution: wrong }] }, [text!]);
  expect(words({ shares: [0.5, 0.5] }).features).toMatchObject([{ choices }]);
  expect(() => words({ shares: [1] })).toThrow('has 1 shares for 2 bins');
  expect(() => words(distribution)).toThrow('has bounds, which only numbers have');
  expect(() => resolve({ distribution: { shares: [1] } })).toThrow('the distribution of the predictions in model.json');
});

test('only strings have choices', () => {
  const text = { ...matrix, dtype: 'string', shape: ['N', 1] } as const;
  const features = [{ name: 'city', choices: ['Bern', 'Chur'] }];
  expect(resolve({ features }, [text]).features).toMatchObject(features);
  expect(() => resolve({ features }, [{ ...text, dtype: 'int64' }])).toThrow(
    "lists choices for the feature 'city', but it is int64",
  );
});

test('model.json adds names, units, ranges and classes', () => {
  const signature = resolve({
    name: 'n',
    version: '7',
    features: [{ name: 'a', unit: 'cm', range: [0, 1] }, { name: 'b' }],
    classes: ['no', 'yes'],
  });
  expect(signature).toMatchObject({ name: 'n', version: '7' });
  expect(signature.features[0]).toEqual({
    name: 'a',
    unit: 'cm',
    range: [0, 1],
    dtype: 'float32',
    input: 'X',
    column: 0,
    shape: [],
  });
  expect(signature.output).toMatchObject({ classes: ['no', 'yes'], labels: [0n, 1n] });
});

test('names of classes that are repeated are numbered', () => {
  const classes = ['crane', 'owl', 'crane', 'crane (2)', 'crane'];
  const wide = { ...probabilities, shape: ['N', 5] };
  expect(resolve({ classes }, [matrix], [label, wide], new Map()).output).toMatchObject({
    classes: ['crane', 'owl', 'crane (3)', 'crane (2)', 'crane (4)'],
    labels: [0n, 1n, 2n, 3n, 4n],
  });
});

test('without a ZipMap, model.json names the labels', () => {
  expect(resolve({ classes: ['no', 'yes'] }, [matrix], [label, probabilities], new Map()).output).toEqual({
    task: 'classifier',
    classes: ['no', 'yes'],
    label: 'label',
    labels: [0n, 1n],
    probabilities: ['p'],
  });
});

test('a model with one number per row is a regressor', () => {
  expect(resolve({}, [matrix], [{ name: 'y', dtype: 'float32', shape: ['', 1] }], new Map()).output).toEqual({
    task: 'regressor',
    value: 'y',
  });
});

describe('features', () => {
  const shapes = (
    shape: TensorInfo['shape'],
    json: ModelJson = {},
    output: TensorInfo = { name: 'y', dtype: 'float32', shape: ['N', 4] },
  ) => resolve(json, [{ name: 'image', dtype: 'float32', shape }], [output], new Map());

  test('an image is one feature, with the shape of a row', () => {
    const { batching, features } = shapes(['N', 3, 8, 8]);
    expect(batching).toBe('batched');
    expect(features).toEqual([{ name: 'image', dtype: 'float32', input: 'image', shape: [3, 8, 8] }]);
  });

  test('a table is one feature if model.json names only one, or if it is very wide', () => {
    expect(shapes(['N', 4], { features: [{ name: 'pixels' }] }).features).toEqual([
      { name: 'pixels', dtype: 'float32', input: 'image', shape: [4] },
    ]);
    expect(shapes(['N', 784]).features).toEqual([{ name: 'image', dtype: 'float32', input: 'image', shape: [784] }]);
  });

  test('a first dimension of 1 means one run per row; another number, or a scalar, means no dimension of rows', () => {
    expect(shapes([1, 3])).toMatchObject({
      batching: 'per-row',
      features: [{ name: 'image_0' }, { name: 'image_1' }, { name: 'image_2' }],
    });
    expect(shapes([4, 3])).toMatchObject({ batching: 'unbatched', features: [{ name: 'image', shape: [4, 3] }] });
    expect(shapes([])).toMatchObject({ batching: 'unbatched', features: [{ name: 'image', shape: [] }] });
  });

  test('an output without a dimension of rows means one run per row', () => {
    expect(shapes(['N', 4], {}, { name: 'label', dtype: 'float32', shape: [1] }).batching).toBe('per-row');
    expect(shapes(['N', 'L'], {}, { name: 'y', dtype: 'float32', shape: ['L'] }).batching).toBe('per-row');
  });

  test.each([
    // torchvision's detectors, exported for one image
    [[1, 3, 8, 8], 'Gatherboxes_dim_0', true],
    [['N', 3, 8, 8], 'Gemmlogits_dim_0', undefined],
    [[1, 3, 8, 8], 'N', undefined],
    [[1, 3, 8, 8], 'unk__7', undefined],
    [[1, 3, 8, 8], '', undefined],
    [[1, 3, 8, 8], 1, undefined],
  ])('inputs %j and an output of %p boxes: whether they are no rows', (shape, first, rowless) => {
    const image: TensorInfo = { name: 'image', dtype: 'float32', shape };
    const outputs: TensorInfo[] = [
      { name: 'boxes', dtype: 'float32', shape: [first, 4] },
      { name: 'scores', dtype: 'float32', shape: [first] },
    ];
    const each = (json: ModelJson, ...some: TensorInfo[]): unknown[] =>
      resolve(json, [image], some, new Map()).outputs.map((output) => output.rowless);
    expect(each({}, ...outputs)).toEqual([rowless, rowless]);
    expect(each({ task: 'tensors' }, ...outputs)).toEqual([rowless, rowless]);
    // An export may have named a size that it did not know: one number, or four, without boxes of anything.
    expect(each({}, outputs[1]!)).toEqual([undefined]);
    expect(each({}, outputs[0]!)).toEqual([undefined]);
    expect(each({ task: 'regressor' }, outputs[1]!)).toEqual([undefined]);
  });
});

describe('tasks', () => {
  const y = (name: string, dtype: TensorInfo['dtype'], ...shape: (number | string)[]): TensorInfo => ({
    name,
    dtype,
    shape,
  });
  const task = (outputs: TensorInfo[], json: ModelJson = {}) => resolve(json, [matrix], outputs, new Map()).output;

  test('labels and scores without a classifier in the graph are an anomaly detector', () => {
    expect(task([y('label', 'int64', '', 1), y('scores', 'float32', '', 1)])).toEqual({
      task: 'anomaly-detector',
      label: 'label',
      score: 'scores',
    });
  });

  test('probabilities may be one output per class', () => {
    expect(
      task([y('output_label', 'int64', ''), y('i0', 'float32', ''), y('i1', 'float32', '')], {
        classes: ['no', 'yes'],
      }),
    ).toMatchObject({ task: 'classifier', classes: ['no', 'yes'], probabilities: ['i0', 'i1'] });
  });

  test('everything else is tensors by name, as is any model whose model.json says so', () => {
    expect(task([y('box', 'float32', '', 4)])).toEqual({
      task: 'tensors',
      outputs: [{ name: 'box', dtype: 'float32', shape: ['', 4] }],
    });
    expect(task([label])).toMatchObject({ task: 'tensors' });
    expect(task([y('y', 'float32', '', 1)], { task: 'tensors' })).toMatchObject({ task: 'tensors' });
  });
});

test.each<[string, () => unknown, string]>([
  [
    'too many features',
    () => resolve({ features: [{ name: 'a' }, { name: 'b' }, { name: 'c' }] }),
    'names 3 features, but the model has 2 columns, in 1 input (X_0, X_1)',
  ],
  ['a feature named twice', () => resolve({ features: [{ name: 'a' }, { name: 'a' }] }), "two features are called 'a'"],
  ['too many classes', () => resolve({ classes: ['a', 'b', 'c'] }), 'names 3 classes, but the model has 2 (0, 1)'],
  [
    'an example without a feature',
    () => resolve({ examples: [{ input: { X_0: 1, Z: 2 }, prediction: '0' }] }),
    'missing X_1, unknown Z',
  ],
  [
    'an input that is not a tensor',
    () => resolve({}, [{ ...matrix, dtype: undefined, shape: [] }]),
    "input 'X' is not a tensor",
  ],
  [
    'classes for a model without labels',
    () => resolve({ classes: ['a', 'b'] }, [matrix], [{ name: 'box', dtype: 'float32', shape: ['', 4] }], new Map()),
    "no output of the model is labels: it has 'box' (float32[?, 4])",
  ],
  [
    'a task that the outputs do not match',
    () => resolve({ task: 'regressor' }),
    'sets the task regressor, which needs one output with one number per row',
  ],
  [
    'an example with another type',
    () => resolve({ examples: [{ input: { X_0: 1, X_1: 'two' }, prediction: '0' }] }),
    'X_1 is "two", expected a number (float32)',
  ],
  [
    'an example without a prediction',
    () => resolve({ examples: [{ input: { X_0: 1, X_1: 2 }, outputs: {} }] }),
    'lacks "prediction"',
  ],
  [
    'an example with an unknown class',
    () => resolve({ examples: [{ input: { X_0: 1, X_1: 2 }, prediction: 'rose' }] }),
    "predicts 'rose'",
  ],
])('%s is an error', (_, action, reason) => {
  expect(action).toThrow(SignatureError);
  expect(action).toThrow(reason);
});
