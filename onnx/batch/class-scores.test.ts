import { givesScores } from './class-scores.ts';

const of = (...values: readonly (readonly number[])[]) =>
  givesScores([[0.5]], (rows) => {
    const [row = []] = rows;
    // The first row, and then the values far from it.
    const index = [0.5, 500, -500].indexOf(Number(row[0]));
    const chosen = values[index] ?? values[0] ?? [];
    return Promise.resolve([{ prediction: 'a', probabilities: Object.fromEntries(chosen.map((p, at) => [at, p])) }]);
  });

test.each([
  ['probabilities', [[0.9, 0.1]], false],
  ['probabilities in float16', [[0.9, 0.1004]], false],
  ['distances', [[2.22, -1.1, 0.3]], true],
  ['a sum that is not 1', [[0.9, 0.9]], true],
  // One in the place of its complement, as the runtime writes it for two classes.
  [
    'scores that look like probabilities for one row',
    [
      [0.4, 0.6],
      [-300, 301],
    ],
    true,
  ],
  ['nothing that is a number', [[NaN, NaN]], false],
])('%s', async (_, values, scores) => {
  expect(await of(...values)).toBe(scores);
});

test('a row that does not run shows nothing', async () => {
  expect(await givesScores([['a category']], () => Promise.reject(new Error('unknown')))).toBe(false);
});
