import { Pace } from './pace.ts';

const limits = { rows: 16, bytes: 1000 };

test('the limits stay if a third of the time is enough for a full queue', () => {
  const pace = new Pace([
    { rows: 1, milliseconds: 20 },
    { rows: 4, milliseconds: 40 },
  ]);
  expect(pace.limitsWithin(480, limits)).toBe(limits);
  expect(pace.limitsWithin(Infinity, limits)).toBe(limits);
  expect(pace.limitsWithin(479, limits)).toEqual({ rows: 15, bytes: 1000 });
  expect(pace.limitsWithin(10, limits).rows).toBe(0);
  expect(pace.limitsWithin(-10, limits).rows).toBe(0);
});

test('runs that are slower than at load lower the limits within a few runs, and faster ones raise them again', () => {
  const pace = new Pace([{ rows: 1, milliseconds: 500 }]);
  expect(pace.limitsWithin(15_000, limits).rows).toBe(10);
  for (let run = 0; run < 5; run++) pace.ran(1, 2000);
  expect(pace.limitsWithin(15_000, limits).rows).toBeLessThanOrEqual(3);
  for (let run = 0; run < 20; run++) pace.ran(2, 200);
  expect(pace.limitsWithin(15_000, limits)).toBe(limits);
});

test('one run that was interrupted lowers the limits only for a moment', () => {
  const pace = new Pace([{ rows: 1, milliseconds: 5 }]);
  pace.ran(1, 5000);
  expect(pace.limitsWithin(15_000, limits)).toBe(limits);
  pace.ran(1, 5);
  expect(pace.limitsWithin(15_000, { rows: 600, bytes: 1000 })).toEqual({ rows: 600, bytes: 1000 });
});

test('a model that was not measured has its limits until it has run', () => {
  const pace = new Pace([]);
  expect(pace.limitsWithin(1, limits)).toBe(limits);
  pace.ran(0, 50);
  expect(pace.limitsWithin(1, limits)).toBe(limits);
  pace.ran(1, 100);
  expect(pace.limitsWithin(150, limits)).toEqual({ rows: 1, bytes: 1000 });
});

test('runs of few rows lower the limits by how much longer they take than measured, not by their few rows', () => {
  const costs = [
    { rows: 1, milliseconds: 1 },
    { rows: 4, milliseconds: 1.6 },
    { rows: 100, milliseconds: 10 },
  ];
  const many = { rows: 1_000_000, bytes: 1000 };
  const rowsAfter = (rows: number, milliseconds: number): number => {
    const pace = new Pace(costs);
    for (let run = 0; run < 30; run++) pace.ran(rows, milliseconds);
    return pace.limitsWithin(3000, many).rows;
  };
  // A third of the time is enough for 100 runs of 100 rows.
  expect(rowsAfter(1, 1)).toBeCloseTo(10_000, -1);
  expect(rowsAfter(2, 1.2)).toBeCloseTo(10_000, -1);
  expect(rowsAfter(52, 5.8)).toBeCloseTo(10_000, -1);
  expect(rowsAfter(200, 20)).toBeCloseTo(10_000, -1);
  // Each waits 10 ms for its turn.
  expect(rowsAfter(1, 11)).toBeCloseTo(5000, -1);
  expect(rowsAfter(52, 15.8)).toBeCloseTo(5000, -1);
  expect(rowsAfter(100, 20)).toBeCloseTo(5000, -1);
});
