import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describeGraph } from './description.ts';

const described = async (path: string) =>
  describeGraph(await readFile(join(import.meta.dirname, 'fixtures', `${path}.onnx`)));

test('describes the exporter, versions, inputs and outputs, operators and labels', async () => {
  expect(await described('string-labels')).toEqual({
    producer: 'skl2onnx',
    producerVersion: '1.20.0',
    irVersion: 10,
    description: '',
    opsets: { 'ai.onnx': 21, 'ai.onnx.ml': 1 },
    inputs: [{ name: 'X', type: 'float32[?, 4]', description: '' }],
    outputs: [
      { name: 'output_label', type: 'string[?]', description: '' },
      { name: 'output_probability', type: 'seq(map(string, float32))', description: '' },
    ],
    operators: { Identity: 1, 'ai.onnx.ml.LinearClassifier': 1, 'ai.onnx.ml.Normalizer': 1, 'ai.onnx.ml.ZipMap': 1 },
    weights: 0,
    classes: ['setosa', 'versicolor', 'virginica'],
    metadata: {},
    externalData: {},
  });
});

test('counts the operators in branches, and the weights in other files', async () => {
  expect(await described('external/model')).toMatchObject({
    operators: { Add: 4, Constant: 1, If: 1, MatMul: 1 },
    weights: 8,
    externalData: { 'model.onnx.data': 40, 'more/bias.bin': 8 },
  });
});

test("counts the operators in the model's own functions", async () => {
  expect((await described('graphs/zipmap-function')).operators).toEqual({ 'ai.onnx.ml.ZipMap': 1, 'own.classify': 1 });
});

test('returns the doc strings of the model and its values, and the metadata', async () => {
  expect(await described('documented')).toMatchObject({
    description: 'Doubles what it gets.',
    inputs: [
      { name: 'X', type: 'float32[N, 2]', description: 'Length and width\nin cm.' },
      { name: 'image', type: 'float32[N, 2, 2]', description: 'Of the leaf.' },
    ],
    outputs: [
      { name: 'doubled', type: 'float32[N, 2]', description: 'Twice of each.' },
      { name: 'same', type: 'float32[N, 2, 2]', description: '' },
    ],
    metadata: { author: 'Ada', licence: 'CC0' },
  });
});
