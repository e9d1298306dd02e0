import { UsageError } from '../failure.ts';
import { matchColumns } from './match-columns.ts';

const match = (columns: readonly string[], names: readonly string[]) => matchColumns('a.csv', columns, names, 'cancer');

test('columns match by name first, and by a similar name if only one has it; one line says so', () => {
  const { columns, similar, others } = match(
    ['mean radius', 'Petal Length (cm)', 'id', 'area', 'Area'],
    ['area', 'mean_radius', 'petal_length'],
  );
  expect([...columns]).toEqual([
    ['area', 'area'],
    ['mean_radius', 'mean radius'],
    ['petal_length', 'Petal Length (cm)'],
  ]);
  expect(similar).toBe('Columns with similar names: mean radius is mean_radius, Petal Length (cm) is petal_length');
  expect(others).toEqual(['id', 'Area']);
  expect(match(['a', 'b'], ['b', 'a']).similar).toBeUndefined();
});

test.each([
  [['mean radius', 'mean-radius'], ['mean_radius']],
  [['ab'], ['a_b', 'a b']],
  [['+'], ['-']],
])('%j is ambiguous for %j', (columns, names) => {
  expect(() => match(columns, names)).toThrow(UsageError);
});

test('an error names the nearest columns instead of all', () => {
  const names = Array.from({ length: 30 }, (_, index) => `feature_${String(index)}`);
  const error = ((): UsageError => {
    try {
      match(['raduis', ...names, 'id'], ['radius', ...names]);
    } catch (thrown) {
      return thrown as UsageError;
    }
    throw new Error('It matched.');
  })();
  expect(error.message).toBe('a.csv lacks the column radius.');
  expect(error.details).toEqual(['the column nearest to radius: raduis']);
  expect(() => match(['id'], names)).toThrow(/lacks the columns feature_0, .*, feature_6 and 23 more\.$/);
});
