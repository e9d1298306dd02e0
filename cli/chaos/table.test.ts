import type { Outcome } from './outcome.ts';
import { markdownTable, table } from './table.ts';

const outcomes: readonly Outcome[] = [
  {
    experiment: 'kill',
    expectedImpact: 'one retry',
    sent: 515,
    failed: 21,
    failedTwice: 0,
    kinds: 'ECONNRESET 21',
    longestGapMs: 90,
    backAfterSeconds: 3.1,
    observed: 'restarted (Error)',
    exceeded: [],
  },
  {
    experiment: 'bad-image',
    expectedImpact: 'no failures',
    sent: 12_345,
    failed: 1234,
    failedTwice: 12,
    kinds: 'timeout 1200, ECONNRESET 34',
    longestGapMs: 10_450,
    exceeded: ['1234 of 12345 requests failed, but none should: timeout 1200, ECONNRESET 34.'],
  },
  {
    experiment: 'overload',
    expectedImpact: 'refusals only',
    sent: 9876,
    failed: 0,
    refused: 7400,
    failedTwice: 0,
    kinds: '',
    p99Ms: 312,
    longestGapMs: 80,
    backAfterSeconds: 0,
    observed: 'served 110.0 of 440.0 requests per second, without a restart',
    exceeded: [],
  },
  { experiment: 'node-stop', expectedImpact: 'keeps serving', skipped: 'this machine is the only node', exceeded: [] },
];

test('each experiment has ✓ or ✗, and no line is longer than 80 characters', () => {
  const lines = table(outcomes, (_, text) => text).split('\n');
  expect(lines.filter(({ length }) => length > 80)).toEqual([]);
  expect(lines.slice(0, 3)).toEqual([
    '  EXPERIMENT  EXPECTED       REQUESTS  FAILED  TWICE  LONGEST GAP  BACK AFTER',
    '✓ kill        one retry      515       21      0      0.09 s       3.1 s',
    '    restarted (Error); failures: ECONNRESET 21',
  ]);
  expect(lines[3]).toMatch(/^✗ bad-image +no failures +12345 +1234 +12 +10\.45 s +never$/);
  expect(
    lines
      .slice(-5, -2)
      .map((line) => line.trim())
      .slice(1)
      .join(' '),
  ).toBe('served 110.0 of 440.0 requests per second, without a restart; 7400 refused; p99 of the others 0.31 s');
  expect(lines.slice(-2)).toEqual(['- node-stop   skipped', '    this machine is the only node']);
});

test('marks have colours', () => {
  expect(table(outcomes, (format, text) => `<${String(format)}>${text}`)).toMatch(/<green>✓[^]*<red>✗[^]*<dim>-/);
});

test('Markdown has every column', () => {
  const [head, , kill, , overload, nodeStop] = markdownTable(outcomes).split('\n');
  expect(head).toBe(
    '|  | experiment | expected impact | requests | failed | failed twice | longest gap | all back after | observed |',
  );
  expect(kill).toBe('| ✓ | kill | one retry | 515 | 21 (ECONNRESET 21) | 0 | 0.09 s | 3.1 s | restarted (Error) |');
  expect(overload).toContain('| 0.08 s | 0.0 s | served 110.0 of 440.0 requests per second, without a restart; 7400');
  expect(nodeStop).toContain('skipped: this machine is the only node');
});
