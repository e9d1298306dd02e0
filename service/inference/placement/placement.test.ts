import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readModelFile } from '../../../onnx/file/model-file.ts';
import { graphFacts } from '../../../onnx/graph/graph-facts.ts';
import {
  dependentPlacement,
  firstPlacement,
  measuredPlacement,
  overriddenPlacement,
  riskOf,
  type ModelFacts,
} from './placement.ts';

const facts = (operators: readonly string[], changes: Partial<ModelFacts> = {}): ModelFacts => ({
  operators: new Set(operators),
  sizesFromValues: false,
  sizesFromShapes: false,
  integerDivision: false,
  largeConstants: false,
  openShapes: false,
  emptyInputs: false,
  bytes: 1000,
  ...changes,
});

test.each([
  ['a small table model', facts(['ai.onnx.ml.Scaler', 'ai.onnx.ml.LinearClassifier']), 'event-loop'],
  ['a large file', facts(['MatMul'], { bytes: 17 * 2 ** 20 }), 'process'],
  ['a convolution', facts(['Conv', 'Relu']), 'process'],
  ['a loop', facts(['Loop']), 'process'],
  ['a size that a value determines', facts(['Expand'], { sizesFromValues: true }), 'process'],
  ['a size that a shape determines', facts(['Expand'], { sizesFromShapes: true }), 'process'],
] as const)('%s is loaded on the %s', (_, model, expected) => {
  expect(firstPlacement(model, 'auto')).toBe(expected);
});

test.each([
  ['a fast convolution', facts(['Conv']), 0.3, 'event-loop'],
  ['a slow table model', facts(['ai.onnx.ml.Scaler']), 1.2, 'process'],
  ['a fast loop, which may not end', facts(['Scan']), 0.1, 'process'],
  ['a fast model whose size a value determines', facts(['Range'], { sizesFromValues: true }), 0.1, 'process'],
  ['a model that could not be measured', facts(['Conv']), undefined, 'process'],
  ['a fast model with an operator that is not known', facts(['com.microsoft.BeamSearch']), 0.1, 'process'],
  ['a fast model that divides integers', facts(['Div'], { integerDivision: true }), 0.1, 'process'],
  ['a fast model with large constants', facts(['Mul'], { largeConstants: true }), 0.1, 'process'],
  ['a fast model with an input without elements', facts(['MatMul'], { emptyInputs: true }), 0.1, 'process'],
  ['a fast model with inputs of any size', facts(['MatMul'], { openShapes: true }), 0.1, 'process'],
  ['a fast model with sizes from its shapes', facts(['Expand'], { sizesFromShapes: true }), 0.1, 'event-loop'],
] as const)('%s runs in the right place once it is measured', (_, model, rowMs, expected) => {
  expect(measuredPlacement(model, rowMs, 'auto')).toBe(expected);
});

test('a setting that does not decide says why; where none asks for anything, nothing is overridden', () => {
  const reason = 'its operator Loop may not end, or is not known';
  const loop = facts(['Loop']);
  expect(overriddenPlacement(loop, 'process', 'event-loop', 'auto')).toEqual({
    ...{ asked: 'event-loop', setBy: 'model.json', reason },
  });
  expect(overriddenPlacement(loop, 'process', undefined, 'event-loop')).toMatchObject({ setBy: 'PLACEMENT', reason });
  expect(overriddenPlacement(loop, 'process', 'auto', 'event-loop')).toBeUndefined();
  expect(overriddenPlacement(loop, 'process', undefined)).toBeUndefined();
  expect(overriddenPlacement(facts([]), 'event-loop', 'event-loop')).toBeUndefined();
});

test('a setting decides, whatever was measured', () => {
  const slow = facts(['Conv'], { bytes: 1e9 });
  expect([firstPlacement(slow, 'event-loop'), measuredPlacement(slow, 500, 'event-loop')]).toEqual([
    'event-loop',
    'event-loop',
  ]);
  expect([firstPlacement(facts([]), 'process'), measuredPlacement(facts([]), 0.01, 'process')]).toEqual([
    'process',
    'process',
  ]);
});

test.each([
  ['may not end', facts(['Loop'])],
  ['may need any memory', facts(['Expand'], { sizesFromValues: true })],
  ['may crash', facts(['Div'], { integerDivision: true })],
])('no setting puts a model on the event loop that %s', (_, risky) => {
  expect([firstPlacement(risky, 'event-loop'), measuredPlacement(risky, 0.1, 'event-loop')]).toEqual([
    'process',
    'process',
  ]);
});

test('a model whose rows depend on each other runs in a process, unless a setting decides', () => {
  expect(dependentPlacement(facts(['MatMul']), 'auto')).toBe('process');
  expect(dependentPlacement(facts(['MatMul']), 'event-loop')).toBe('event-loop');
});

test.each([
  ['double', false],
  // The size of its output is an input.
  ['expand', true],
  ['slow/endless', true],
])('the facts of %s show whether values determine a size, or a loop its end', async (name, risky) => {
  const file = await readFile(join(import.meta.dirname, `../../../onnx/fixtures/${name}.onnx`));
  const { operators, sizesFromValues } = graphFacts(file);
  expect(operators.has('Loop') || sizesFromValues).toBe(risky);
});

test.each([
  ['models/iris', undefined],
  ['onnx/fixtures/double', undefined],
  ['onnx/fixtures/columns', undefined],
  ['onnx/fixtures/regressor', undefined],
  ['onnx/fixtures/slow/busy', undefined],
  ['onnx/fixtures/slow/endless', 'its operator Loop may not end, or is not known'],
  ['onnx/fixtures/slow/crash', 'it may divide integers, and a division by zero ends the process'],
  ['onnx/fixtures/expand', 'the values of an input determine how large another tensor is'],
])('the risk of %s is known', async (name, risk) => {
  const path = name.startsWith('models') ? `${name}/model.onnx` : `${name}.onnx`;
  const { model } = await readModelFile(join(import.meta.dirname, '../../..', path));
  expect(riskOf({ ...graphFacts(model), bytes: model.length })).toBe(risk);
});
