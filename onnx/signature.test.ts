import type { TensorInfo } from './engine/engine.ts';
import type { ModelJson } from './model-json.ts';
import { resolveSignature, SignatureError } from './signature.ts';
import type { ClassLabel } from './zipmap.ts';

const matrix: TensorInfo = { name: 'X', dtype: 'float32', shape: ['', 2] };
const label: TensorInfo = { name: 'label', dtype: 'int64', shape: [''] };
const probabilities: TensorInfo = { name: 'p', dtype: 'float32', shape: ['', 2] };
const zipMap = new Map<string, ClassLabel[]>([['p', [0n, 1n]]]);

function resolve(json: ModelJson, inputs = [matrix], outputs = [label, probabilities], labels = zipMap) {
  return resolveSignature('flowers', { inputs, outputs }, labels, json);
}

test('without model.json the names come from folder and graph', () => {
  const signature = resolve({});
  expect(signature).toMatchObject({ name: 'flowers', version: '1', examples: [] });
  expect(signature.features).toEqual([
    { name: 'X_0', dtype: 'float32', input: 'X', column: 0 },
    { name: 'X_1', dtype: 'float32', input: 'X', column: 1 },
  ]);
  expect(signature.output).toEqual({ task: 'classifier', classes: ['0', '1'], label: 'label', labels: [0n, 1n], probabilities: 'p' });
});

test('one input a column: each feature is called as its input', () => {
  const inputs: TensorInfo[] = [{ name: 'colour', dtype: 'string', shape: ['', 1] }, { name: 'size', dtype: 'float32', shape: ['', 1] }];
  expect(resolve({}, inputs).features.map(({ name, dtype }) => [name, dtype])).toEqual([['colour', 'string'], ['size', 'float32']]);
});

test('model.json refines names, units, ranges and classes', () => {
  const signature = resolve({ name: 'n', version: '7', features: [{ name: 'a', unit: 'cm', range: [0, 1] }, { name: 'b' }], classes: ['no', 'yes'] });
  expect(signature).toMatchObject({ name: 'n', version: '7' });
  expect(signature.features[0]).toEqual({ name: 'a', unit: 'cm', range: [0, 1], dtype: 'float32', input: 'X', column: 0 });
  expect(signature.output).toMatchObject({ classes: ['no', 'yes'], labels: [0n, 1n] });
});

test('without a ZipMap, model.json says what the labels are', () => {
  expect(resolve({ classes: ['no', 'yes'] }, [matrix], [label, probabilities], new Map()).output)
    .toEqual({ task: 'classifier', classes: ['no', 'yes'], label: 'label', labels: [0n, 1n], probabilities: 'p' });
});

test('one number a row is a regressor', () => {
  expect(resolve({}, [matrix], [{ name: 'y', dtype: 'float32', shape: ['', 1] }], new Map()).output).toEqual({ task: 'regressor', value: 'y' });
});

test.each<[string, () => unknown, string]>([
  ['an image as input', () => resolve({}, [{ name: 'image', dtype: 'float32', shape: ['N', 3, 224, 224] }]), "'image' (float32[N, 3, 224, 224]) is no table"],
  ['a fixed number of rows', () => resolve({}, [{ ...matrix, shape: [1, 2] }]), 'fixed number of rows'],
  ['too few features', () => resolve({ features: [{ name: 'a' }] }), 'names 1 features, and the model has 2 columns (X_0, X_1)'],
  ['a feature named twice', () => resolve({ features: [{ name: 'a' }, { name: 'a' }] }), "'a' twice"],
  ['too many classes', () => resolve({ classes: ['a', 'b', 'c'] }), 'names 3 classes, and the model has 2 (0, 1)'],
  ['labels that nobody names', () => resolve({}, [matrix], [label], new Map()), 'list them'],
  ['other outputs', () => resolve({}, [matrix], [{ name: 'box', dtype: 'float32', shape: ['', 4] }], new Map()), "'box' (float32[?, 4])"],
  ['an example without a feature', () => resolve({ examples: [{ input: { X_0: 1, Z: 2 }, prediction: '0' }] }), 'missing X_1, unknown Z'],
  ['an example of no class', () => resolve({ examples: [{ input: { X_0: 1, X_1: 2 }, prediction: 'rose' }] }), "predicts 'rose'"],
])('refuses %s', (_, action, reason) => {
  expect(action).toThrow(SignatureError);
  expect(action).toThrow(reason);
});
