import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { argMaxLabels, classLabels } from './class-labels.ts';
import { graphNodes, type GraphNode } from './node.ts';

const fixture = async (name: string) =>
  graphNodes(await readFile(join(import.meta.dirname, `../fixtures/${name}.onnx`)));
const classifier = (labels: readonly string[]): GraphNode => ({
  opType: 'LinearClassifier',
  inputs: [],
  floats: () => [],
  ints: () => [],
  strings: (name) => (name === 'classlabels_strings' ? labels : []),
});

test('names the operations in order, with what they take', async () => {
  expect((await fixture('double')).map(({ opType, inputs }) => [opType, inputs])).toEqual([
    ['Add', ['X', 'X']],
    ['Shape', ['X']],
  ]);
});

test('reads lists of numbers and texts', async () => {
  const nodes = await fixture('no-zipmap');
  const linear = nodes.find(({ opType }) => opType === 'LinearClassifier')!;
  expect(linear.strings('classlabels_strings')).toEqual(['setosa', 'versicolor', 'virginica']);
  expect(linear.floats('coefficients')).toHaveLength(12);
  expect(linear.floats('coefficients').every(Number.isFinite)).toBe(true);
  expect(linear.floats('none')).toEqual([]);
});

test('classes are the labels of the classifier, with or without a ZipMap', async () => {
  for (const name of ['no-zipmap', 'string-labels'])
    expect(classLabels(await fixture(name))).toEqual(['setosa', 'versicolor', 'virginica']);
  expect(classLabels(await fixture('columns'))).toEqual([0n, 1n]);
  expect(classLabels(await fixture('regressor'))).toBeUndefined();
});

test('labels that the largest score picks from a list are classes too, texts or numbers', async () => {
  const bytes = (path: string) => readFile(join(import.meta.dirname, path));
  expect(argMaxLabels(await bytes('../fixtures/picked-labels.onnx'))).toEqual(['setosa', 'versicolor', 'virginica']);
  expect(argMaxLabels(await bytes('../../fixtures/training-libraries/logistic-regression-float64/model.onnx'))).toEqual(
    [0n, 1n, 2n],
  );
  expect(argMaxLabels(await bytes('../fixtures/regressor.onnx'))).toBeUndefined();
});

test('classifiers that disagree, as those of an ensemble may, tell nothing', () => {
  expect(classLabels([classifier(['a', 'b']), classifier(['a', 'b'])])).toEqual(['a', 'b']);
  expect(classLabels([classifier(['a', 'b']), classifier(['b', 'a'])])).toBeUndefined();
});
