import { ModelCounts } from './model-counts.ts';

const whole = { firstRow: 0 };

test('requests that share a run each count all of its time', () => {
  const counts = new ModelCounts();
  counts.ran([whole, whole], 5, 100, 101, 103);
  expect(counts).toMatchObject({
    runs: 1,
    rows: 5,
    lastRun: expect.any(Number) as number,
    input: { count: 2, milliseconds: 2 },
    run: { count: 2, milliseconds: 4 },
    sizes: new Map([[5, { input: { count: 1, milliseconds: 1 }, run: { count: 1, milliseconds: 2 } }]]),
  });
});

test('a request with more rows than a run takes counts once', () => {
  const counts = new ModelCounts();
  counts.ran([whole], 4, 0, 0, 2);
  counts.ran([{ firstRow: 4 }], 3, 2, 2, 3);
  expect(counts).toMatchObject({ runs: 2, rows: 7, run: { count: 1, milliseconds: 3 } });
});

test('clients cannot add sizes of runs without limit', () => {
  const counts = new ModelCounts();
  for (let rows = 1; rows <= 1000; rows++) counts.ran([whole], rows, 0, 0, 1);
  expect(counts.runs).toBe(1000);
  expect(counts.sizes.size).toBe(256);
});
