import type { Signature } from '../../../onnx/signature/signature.ts';
import type { ServiceError } from '../../errors.ts';
import { decodeFeatures } from './request.ts';
import { writePredictions } from './response.ts';

const signature = (...names: string[]): Signature => ({
  name: 'm',
  version: '1',
  inputs: [],
  outputs: [],
  batching: 'batched',
  output: { task: 'regressor', value: 'y' },
  metrics: {},
  examples: [],
  features: names.map((name, column) => ({ name, dtype: 'float32', input: 'X', column, shape: [], range: [0, 100] })),
});
const two = signature('a', 'b');

function issues(body: unknown, of = two) {
  try {
    decodeFeatures(of, body, false);
  } catch (error) {
    return (error as ServiceError).issues;
  }
  return [];
}

test('columns become rows in their order, whatever the order of the columns', () => {
  const decoded = decodeFeatures(two, { columns: { b: [4, 5, 6], a: [1, 2, 3] } }, false);
  expect(decoded.rows).toEqual([
    [1, 4],
    [2, 5],
    [3, 6],
  ]);
  const predictions = [{ prediction: 1 }, { prediction: 2 }, { prediction: 3 }];
  expect(JSON.parse(writePredictions(two, predictions, decoded))).toMatchObject(predictions);
});

test('a table with one row gets an array in response', () => {
  const decoded = decodeFeatures(two, { columns: { a: [1], b: [4] } }, false);
  expect(JSON.parse(writePredictions(two, [{ prediction: 1 }], decoded))).toHaveLength(1);
});

test('a warning points into the column and belongs to its row', () => {
  const decoded = decodeFeatures(two, { columns: { a: [1, 2], b: [3, 400] } }, false);
  expect([...decoded.warnings]).toEqual([[1, [expect.objectContaining({ pointer: '#/columns/b/1', value: 400 })]]]);
});

test('every invalid value and column is listed', () => {
  expect(issues({ columns: { a: [1, 'x'], b: [null, 2] } })).toMatchObject([
    { pointer: '#/columns/a/1', detail: 'Got a string.', value: 'x' },
    { pointer: '#/columns/b/0', detail: expect.stringMatching(/^Got null\. .*"nullable"/), value: null },
  ]);
  expect(issues({ columns: { a: 1, bb: [2] }, more: 3 })).toMatchObject([
    { pointer: '#/more', detail: 'Unknown field next to "columns".' },
    { pointer: '#/columns/bb', detail: "Unknown field. Did you mean 'b'?" },
    { pointer: '#/columns/a', detail: 'Got a number.', value: 1 },
    { pointer: '#/columns/b', detail: 'The column is missing.' },
  ]);
});

test('columns of different length are both named', () => {
  expect(issues({ columns: { a: [1, 2, 3], b: [4, 5] } })).toEqual([
    {
      pointer: '#/columns/b',
      detail: "The column has 2 values, but the column 'a' has 3.",
      expected: "3 values, as in 'a'",
    },
  ]);
  expect(issues({ columns: { a: [], b: [4] } })).toHaveLength(1);
});

test.each([[{ a: [], b: [] }], [{}], [null], [[1, 2]], ['text']])('%j is not a table', (columns) => {
  expect(issues({ columns }).length).toBeGreaterThan(0);
});

test("names of JavaScript's own properties are ordinary columns", () => {
  expect(
    decodeFeatures(
      signature('__proto__', 'constructor'),
      JSON.parse('{"columns": {"__proto__": [1], "constructor": [2]}}'),
      false,
    ).rows,
  ).toEqual([[1, 2]]);
  expect(
    issues(JSON.parse('{"columns": {"a": [1], "b": [2], "__proto__": [3]}, "__proto__": {}}')).map(
      ({ pointer }) => pointer,
    ),
  ).toEqual(['#/__proto__', '#/columns/__proto__']);
});

test('a model with a feature called columns accepts rows and tables', () => {
  const odd = signature('columns', 'b');
  expect(decodeFeatures(odd, { columns: 1, b: 2 }, false)).toMatchObject({ rows: [[1, 2]], single: true });
  expect(decodeFeatures(odd, [{ columns: 1, b: 2 }], false).rows).toEqual([[1, 2]]);
  expect(decodeFeatures(odd, { columns: { columns: [1, 3], b: [2, 4] } }, false).rows).toEqual([
    [1, 2],
    [3, 4],
  ]);
  expect(issues({ columns: [1], b: 2 }, odd)).toMatchObject([{ pointer: '#/columns' }]);
});
