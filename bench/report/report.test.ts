import { Figures } from '../figures.ts';
import { evaluate, ratio } from '../lines/line.ts';
import { formatNumber, formatSpread } from './format.ts';
import { formatMarkdown } from './markdown.ts';
import { drawLatency, drawThroughput, latencyPoints, throughputPoints } from './plots.ts';

const figures = new Figures();
for (const [bare, ours] of [
  [40_000, 32_000],
  [42_000, 34_000],
] as const) {
  figures.add('iris/bare/c64/b1', { rps: bare, p99: 5 });
  figures.add('iris/predictions/c64/b1', { rps: ours, p99: 8 });
}
figures.add('iris/predictions/c1/b1', { rps: 9000 });
figures.skip('iris/mlserver', 'there is no Python');
figures.add('latency/predictions/r1000', { p50: 0.2, p99: 1, goodput: 1000 });
figures.add('latency/predictions/r9000', { p50: 80, p99: 100, goodput: 5000 });

test('numbers have three significant digits, and are whole from 100 on', () => {
  expect([0.8214, 12.345, 43_012.4, 0].map(formatNumber)).toEqual(['0.821', '12.3', '43,012', '0']);
  expect(formatSpread({ median: 2, min: 1, max: 3 })).toBe('2.00 (1.00–3.00)');
  expect(formatSpread({ median: 2, min: 2, max: 2 })).toBe('2.00');
});

test('the report has the run, the lines and a row for what was measured, and says what was not', () => {
  const line = {
    measurement: 'iris',
    what: 'throughput',
    quantity: ratio('iris/predictions/c64/b1/rps', 'iris/bare/c64/b1/rps'),
    relation: '≥' as const,
    limit: 0.8,
    unit: ' × bare',
  };
  const run = {
    date: '2026-11-28T00:00:00Z',
    command: 'npm run bench',
    commit: 'abc',
    machine: '2 × Processor',
    cores: 'pinned',
    versions: { node: '24' },
  };
  const text = formatMarkdown(run, figures, [evaluate(line, figures)], { 'throughput.svg': 'A caption.' });
  for (const part of [
    '- To repeat: `npm run bench`',
    '| throughput | ≥ 0.800 × bare | 0.805 (0.800–0.810) | holds |',
    '![A caption.](throughput.svg)',
    '### Iris, 64 connections, 1 rows per request',
    '| bare node:http | 41,000 (40,000–42,000) | 5.00 |',
    '- there is no Python',
  ])
    expect(text).toContain(part);
  expect(text).not.toContain('| MLServer |');
});

test('plots have the measured points; loads that a server cannot serve are left out', async () => {
  expect(throughputPoints(figures)).toEqual([
    { series: 'bare node:http', x: 64, y: 41_000 },
    { series: 'Rhizome /predictions', x: 1, y: 9000 },
    { series: 'Rhizome /predictions', x: 64, y: 33_000 },
  ]);
  expect(latencyPoints(figures, 'p99')).toEqual([{ series: 'Rhizome /predictions', percentile: 'p99', x: 1000, y: 1 }]);
  const throughput = await drawThroughput(throughputPoints(figures));
  expect(throughput).toMatch(/^<svg[^]*<\/svg>$/);
  for (const text of ['bare node:http', 'Rhizome /predictions', 'connections', 'requests/s'])
    expect(throughput).toContain(text);
  expect(await drawLatency(latencyPoints(figures, 'p50'))).toContain('latency in ms');
});
