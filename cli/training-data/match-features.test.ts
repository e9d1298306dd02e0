import type { Feature } from '../../onnx/signature/features.ts';
import { UsageError } from '../failure.ts';
import { matchFeatures } from './match-features.ts';

const table = (count: number): Feature[] =>
  Array.from({ length: count }, (_, column) => ({
    ...{ name: `X_${String(column)}`, dtype: 'float32', input: 'X', column, shape: [] },
  }));
const alone = (name: string, dtype: Feature['dtype'] = 'float32'): Feature => ({
  ...{ name, dtype, input: name, column: 0, shape: [] },
});
const match = (columns: readonly string[], features: readonly Feature[], target?: string) =>
  matchFeatures({ file: 'train.csv', columns, target }, features, false);

test('the columns of a table get the names of the file, without its index and its target', () => {
  const { features, notes } = match(['', 'Unnamed: 0', 'mean radius', 'y', 'area (mm²)'], table(2), 'y');
  expect(features).toEqual([
    { column: 'mean radius', json: { name: 'mean_radius' } },
    { column: 'area (mm²)', json: { name: 'area', unit: 'mm²' } },
  ]);
  expect(notes).toEqual([
    'The graph does not name its columns: they are those of train.csv, in the same order. ' +
      'mean radius is called mean_radius, area (mm²) is called area.',
  ]);
});

test('inputs with names are matched first; names that would be the same keep their units', () => {
  const { features } = match(
    ['size (cm)', 'City', 'size (inch)', 'price (2020)'],
    [...table(3), alone('city', 'string')],
  );
  expect(features.map(({ json }) => json)).toEqual([
    { name: 'size (cm)' },
    { name: 'size (inch)' },
    { name: 'price_(2020)' },
    { name: 'city' },
  ]);
  expect(features.at(-1)?.column).toBe('City');
});

test('a file that names the columns as the graph does is matched by name, in any order', () => {
  expect(match(['X_1', 'id', 'X_0'], table(2))).toEqual({
    features: [
      { column: 'X_0', json: { name: 'X_0' } },
      { column: 'X_1', json: { name: 'X_1' } },
    ],
    others: ['id'],
    notes: ['Columns that are not features of the model: id.'],
  });
});

test.each([
  [['a', 'b', 'c'], /train\.csv has 3 columns, but the model has 2 features without a name\./],
  [['1.5', '-2'], /The first line of train\.csv has numbers/],
])('%j is refused', (columns, message) => {
  expect(() => match(columns, table(2))).toThrow(UsageError);
  expect(() => match(columns, table(2))).toThrow(message);
});

test("pandas' numbers of columns are names", () => {
  expect(match(['0', '1'], table(2)).features.map(({ json }) => json.name)).toEqual(['0', '1']);
});
