import { Figures } from '../figures.ts';
import { measurements } from '../measurements/measurements.ts';
import { formatCheck, passes } from '../report/check.ts';
import { evaluate, figure, highest, ratio, scaled, type Line } from './line.ts';
import { lines } from './lines.ts';

const line: Line = {
  measurement: 'iris',
  what: 'throughput',
  quantity: ratio('iris/ours/rps', 'iris/bare/rps'),
  relation: '≥',
  limit: 0.8,
  unit: ' × bare',
};

function measured(ours: readonly number[], bare: readonly number[]): Figures {
  const figures = new Figures();
  for (const rps of ours) figures.add('iris/ours', { rps });
  for (const rps of bare) figures.add('iris/bare', { rps });
  return figures;
}

test('a line holds if the median of its ratio keeps the limit', () => {
  expect(evaluate(line, measured([70, 80, 90], [100, 100, 100]))).toMatchObject({
    verdict: 'holds',
    measured: { median: 0.8, min: 0.7, max: 0.9 },
  });
  expect(evaluate(line, measured([70, 79, 90], [100, 100, 100])).verdict).toBe('does not hold');
  expect(evaluate({ ...line, relation: '≤' }, measured([90], [100])).verdict).toBe('does not hold');
  expect(evaluate({ ...line, relation: '≤' }, measured([80], [100])).verdict).toBe('holds');
});

test('a line fails if one of its figures is missing or has wrong responses, however good the number is', () => {
  expect(evaluate(line, new Figures())).toMatchObject({ verdict: 'failed', reasons: ['the figures are missing'] });
  const figures = measured([100], [100]);
  figures.problem('iris/ours', '3 × not 2xx, of 100 responses');
  expect(evaluate(line, figures)).toMatchObject({ verdict: 'failed', reasons: ['3 × not 2xx, of 100 responses'] });
});

test('a line is not measured if the machine lacks what it needs', () => {
  const figures = measured([100], []);
  figures.skip('iris/bare', 'no Python');
  expect(evaluate(line, figures)).toMatchObject({ verdict: 'not measured', reasons: ['no Python'] });
});

test('quantities can be scaled, and the highest of several counts', () => {
  const figures = measured([60], [100]);
  const quantity = highest(scaled(ratio('iris/ours/rps', 'iris/bare/rps'), 2), figure('iris/none/rps'));
  expect(quantity.of(figures)).toEqual({ median: 1.2, min: 1.2, max: 1.2 });
  expect(quantity.keys).toEqual(['iris/ours/rps', 'iris/bare/rps', 'iris/none/rps']);
});

test('the check passes unless a line is missed or failed, and prints each with its number', () => {
  const holds = evaluate(line, measured([90], [100]));
  const missed = evaluate(line, measured([50], [100]));
  const skipped = { ...holds, verdict: 'not measured' as const, measured: undefined, reasons: ['no Python'] };
  expect(passes([holds, skipped])).toBe(true);
  expect(passes([holds, missed])).toBe(false);
  expect(passes([evaluate(line, new Figures())])).toBe(false);
  const [first, second, third] = formatCheck([holds, missed, skipped]).split('\n');
  expect(first).toMatch(/✓ {2}throughput {2}≥ 0.800 × bare {2}0.900 {2}holds/);
  expect(second).toMatch(/✗ .* 0.500 {2}does not hold/);
  expect(third).toMatch(/- .* not measured: no Python/);
});

test('every line belongs to a measurement', () => {
  const names = measurements.map(({ name }) => name);
  for (const { measurement, quantity } of lines) {
    expect(names).toContain(measurement);
    for (const key of quantity.keys) expect(key.startsWith(`${measurement}/`)).toBe(true);
  }
});
