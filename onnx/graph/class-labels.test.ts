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

test('returns the nodes in order, with their inputs', async () => {
  expect((await fixture('double')).map(({ opType, inputs }) => [opType, inputs])).toEqual([
    ['Add', ['X', 'X']],
    ['Shape', ['X']],
  ]);
});

test('reads attributes that are lists of numbers or strings', async () => {
  const nodes = await fixture('no-zipmap');
  const linear = nodes.find(({ opType }) => opType === 'LinearClassifier')!;
  expect(linear.strings('classlabels_strings')).toEqual(['setosa', 'versicolor', 'virginica']);
  expect(linear.floats('coefficients')).toHaveLength(12);
  expect(linear.floats('coefficients').every(Number.isFinite)).toBe(true);
  expect(linear.floats('none')).toEqual([]);
});

test('reads the labels of the classifier node, with or without a ZipMap', async () => {
  for (const name of ['no-zipmap', 'string-labels'])
    expect(classLabels(await fixture(name))).toEqual(['setosa', 'versicolor', 'virginica']);
  expect(classLabels(await fixture('columns'))).toEqual([0n, 1n]);
  expect(classLabels(await fixture('regressor'))).toBeUndefined();
});

test('reads the labels that an ArgMax indexes, strings or numbers', async () => {
  const bytes = (path: string) => readFile(join(import.meta.dirname, path));
  expect(argMaxLabels(await bytes('../fixtures/picked-labels.onnx'))).toEqual(['setosa', 'versicolor', 'virginica']);
  expect(argMaxLabels(await bytes('../../fixtures/training-libraries/logistic-regression-float64/model.onnx'))).toEqual(
    [0n, 1n, 2n],
  );
  expect(argMaxLabels(await bytes('../fixtures/regressor.onnx'))).toBeUndefined();
});

test('returns no labels if two classifiers disagree, as in an ensemble', () => {
  expect(classLabels([classifier(['a', 'b']), classifier(['a', 'b'])])).toEqual(['a', 'b']);
  expect(classLabels([classifier(['a', 'b']), classifier(['b', 'a'])])).toBeUndefined();
});
