import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { graphFacts } from '../../onnx/graph/graph-facts.ts';
import { firstPlacement, measuredPlacement, type ModelFacts } from './placement.ts';

const facts = (operators: readonly string[], changes: Partial<ModelFacts> = {}): ModelFacts => ({
  operators: new Set(operators),
  sizesFromValues: false,
  bytes: 1000,
  ...changes,
});

test.each([
  ['a small table model', facts(['Scaler', 'ai.onnx.ml.LinearClassifier']), 'event-loop'],
  ['a large file', facts(['MatMul'], { bytes: 17 * 2 ** 20 }), 'process'],
  ['a convolution', facts(['Conv', 'Relu']), 'process'],
  ['a loop', facts(['Loop']), 'process'],
  ['a size that a value determines', facts(['Expand'], { sizesFromValues: true }), 'process'],
] as const)('%s is loaded on the %s', (_, model, expected) => {
  expect(firstPlacement(model, 'auto')).toBe(expected);
});

test.each([
  ['a fast convolution', facts(['Conv']), 0.3, 'event-loop'],
  ['a slow table model', facts(['Scaler']), 1.2, 'process'],
  ['a fast loop, which may not end', facts(['Scan']), 0.1, 'process'],
  ['a fast model whose size a value determines', facts(['Range'], { sizesFromValues: true }), 0.1, 'process'],
  ['a model that could not be measured', facts(['Conv']), undefined, 'process'],
] as const)('%s runs in the right place once it is measured', (_, model, rowMs, expected) => {
  expect(measuredPlacement(model, rowMs, 'auto')).toBe(expected);
});

test('a setting decides, whatever was measured', () => {
  const slow = facts(['Loop'], { bytes: 1e9, sizesFromValues: true });
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
  ['double', false],
  // The size of its output is an input.
  ['expand', true],
  ['slow/endless', true],
])('the facts of %s show whether values determine a size, or a loop its end', async (name, risky) => {
  const file = await readFile(join(import.meta.dirname, `../../onnx/fixtures/${name}.onnx`));
  const { operators, sizesFromValues } = graphFacts(file);
  expect(operators.has('Loop') || sizesFromValues).toBe(risky);
});
