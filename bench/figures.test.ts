import { Figures, percentile, ratioOf, spreadOf } from './figures.ts';

test('percentiles are interpolated between the nearest values', () => {
  expect(percentile([4, 1, 3, 2], 50)).toBe(2.5);
  expect(percentile([10, 20, 30], 0)).toBe(10);
  expect(percentile([10, 20, 30], 100)).toBe(30);
  expect(percentile([0, 100], 99)).toBe(99);
  expect(percentile([], 50)).toBeNaN();
});

test('a ratio is formed round by round', () => {
  expect(ratioOf([10, 30, 20], [5, 10, 10])).toEqual({ median: 2, min: 2, max: 3 });
});

test('a ratio of different numbers of rounds is that of the medians', () => {
  expect(ratioOf([10, 20, 30], [10])).toEqual({ median: 2, min: 2, max: 2 });
  expect(ratioOf([], [10])).toBeUndefined();
});

test('figures are collected by subject, and missing ones are left out', () => {
  const figures = new Figures();
  figures.add('iris/bare', { rps: 100, cpu: undefined });
  figures.add('iris/bare', { rps: 300, cpu: NaN });
  expect(figures.spread('iris/bare/rps')).toEqual({ median: 200, min: 100, max: 300 });
  expect(figures.rounds('iris/bare/cpu')).toEqual([]);
  expect(figures.subjects('iris/')).toEqual(['iris/bare']);
  expect(spreadOf([])).toBeUndefined();
});

test('a problem of a subject is one of all figures below it', () => {
  const figures = new Figures();
  figures.problem('iris/bare', 'does not start');
  figures.problem('iris/bare', 'does not start');
  figures.skip('iris/fastapi', 'no Python');
  expect(figures.problems('iris/bare/c64/rps')).toEqual(['does not start']);
  expect(figures.problems('iris/bare-2/rps')).toEqual([]);
  expect(figures.skips('iris/fastapi/c64/rps')).toEqual(['no Python']);
  expect(JSON.parse(JSON.stringify(figures))).toMatchObject({ problems: { 'iris/bare': ['does not start'] } });
});
