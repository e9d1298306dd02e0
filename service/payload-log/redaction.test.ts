import type { Feature } from '../../onnx/signature/features.ts';
import type { TaskOutput } from '../../onnx/signature/task.ts';
import type { TensorSpec } from '../../onnx/signature/tensor-spec.ts';
import type { NamesOfModel } from './named-values.ts';
import { Redaction } from './redaction.ts';

const tensor = (name: string, sequence = false): TensorSpec => ({
  name,
  dtype: 'float32',
  shape: ['N'],
  ...(sequence && { sequence }),
});
const feature = (name: string, input: string): Feature => ({ name, input, dtype: 'float32', shape: [] });

/** A model with two columns in one input, an input that has another name as a feature, and a sequence. */
const modelWith = (output: TaskOutput, ...outputs: string[]): NamesOfModel => ({
  inputs: [tensor('float_input'), tensor('text_input'), tensor('parts', true)],
  outputs: outputs.map((name) => tensor(name)),
  features: [
    feature('age', 'float_input'),
    feature('income', 'float_input'),
    feature('comment', 'text_input'),
    feature('parts', 'parts'),
  ],
  output,
});
const classifier = modelWith(
  { task: 'classifier', classes: ['no', 'yes'], labels: [0n, 1n], label: 'label', probabilities: ['p_no', 'p_yes'] },
  ...['label', 'p_no', 'p_yes'],
);
const detector = modelWith({ task: 'anomaly-detector', label: 'label', score: 'scores' }, 'label', 'scores');
const regressor = modelWith({ task: 'regressor', value: 'variable' }, 'variable');
const tensors = modelWith({ task: 'tensors', outputs: [tensor('embedding'), tensor('mask')] }, 'embedding', 'mask');

const request = { age: 1, income: 2, comment: 'c', parts: [1] };
const [left, right] = [
  { age: 1, comment: 'c' },
  { income: 2, parts: [1] },
];

test.each<[string, NamesOfModel, unknown, unknown, readonly string[]]>([
  ['age', classifier, request, { income: 2, comment: 'c', parts: [1] }, ['float_input']],
  ['float_input', classifier, request, { comment: 'c', parts: [1] }, ['float_input']],
  ['float_input', classifier, [left, right], [{ comment: 'c' }, { parts: [1] }], ['float_input']],
  ['float_input', classifier, { columns: { age: [1], parts: [] } }, { columns: { parts: [] } }, ['float_input']],
  ['text_input', classifier, request, { age: 1, income: 2, parts: [1] }, ['text_input']],
  ['parts', classifier, request, { age: 1, income: 2, comment: 'c' }, ['parts', 'parts_0', 'parts_12']],
  ['label', classifier, { prediction: 'yes', probabilities: { no: 1 } }, { probabilities: { no: 1 } }, ['label']],
  ['p_no', classifier, { prediction: 'yes', probabilities: { no: 1 } }, { prediction: 'yes' }, ['p_no']],
  [
    'probabilities',
    classifier,
    { prediction: 'yes', probabilities: { no: 1 } },
    { prediction: 'yes' },
    ['p_no', 'p_yes'],
  ],
  ['scores', detector, { prediction: 1, score: 0.5 }, { prediction: 1 }, ['scores']],
  ['score', detector, { prediction: 1, score: 0.5 }, { prediction: 1 }, ['scores']],
  ['variable', regressor, { prediction: 7.5 }, {}, ['variable']],
  ['mask', tensors, { outputs: { embedding: [1], mask: [0] } }, { outputs: { embedding: [1] } }, ['mask']],
])('the name %s keeps out what it stands for', (name, model, body, kept, concerned) => {
  const redaction = new Redaction({ redact: [name], hash: [], hashKey: undefined }).of(model);
  expect(redaction.apply(body)).toEqual(kept);
  const all = [...model.inputs, ...model.outputs].map((each) => each.name);
  expect([...all, 'parts_0', 'parts_12', 'parts_x'].filter((each) => redaction.concerns(each))).toEqual(concerned);
});

test('the features of an input are hashed each, and so is what is read from an output', () => {
  const options = { redact: ['income'], hash: ['float_input', 'label'], hashKey: Buffer.from('a key of sixteen') };
  const redaction = new Redaction(options).of(classifier);
  const hash = expect.stringMatching(/^[\da-f]{32}$/) as string;
  expect(redaction.apply([request, { prediction: 'yes' }])).toEqual([
    { age: hash, comment: 'c', parts: [1] },
    { prediction: hash },
  ]);
  expect(redaction.concerns('float_input')).toBe(true);
});

test('warnings about the features of an input are kept out', () => {
  const redaction = new Redaction({ redact: ['float_input'], hash: [], hashKey: undefined }).of(regressor);
  const others = { pointer: '#/0/comment', detail: 'c' };
  expect(redaction.apply({ warnings: [{ pointer: '#/0/age', detail: 'Got 130.' }, others] })).toEqual({
    warnings: [others],
  });
});

test('names are unknown if no model has them', () => {
  const redaction = new Redaction({ redact: ['mask', 'age', 'aeg'], hash: ['label', 'lable'], hashKey: undefined });
  expect(redaction.unknown([tensors, detector])).toEqual(['aeg', 'lable']);
  expect(redaction.unknown([])).toHaveLength(5);
});
