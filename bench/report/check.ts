import type { LineResult, Verdict } from '../lines/line.ts';
import { formatNumber, formatSpread } from './format.ts';

const marks: Readonly<Record<Verdict, string>> = {
  holds: '✓',
  'does not hold': '✗',
  failed: '✗',
  'not measured': '-',
};

/** Returns a line of text for each result: what, limit, what was measured, and whether it holds. */
export function formatCheck(results: readonly LineResult[]): string {
  const rows = results.map(({ line, verdict, measured, reasons }) => ({
    mark: marks[verdict],
    what: line.what,
    limit: `${line.relation} ${formatNumber(line.limit)}${line.unit}`,
    measured: measured === undefined ? '' : formatSpread(measured),
    verdict: [verdict, ...reasons].join(': '),
  }));
  const width = (column: 'what' | 'limit' | 'measured'): number => Math.max(...rows.map((row) => row[column].length));
  const [what, limit, measured] = [width('what'), width('limit'), width('measured')];
  return rows
    .map((row) =>
      [row.mark, row.what.padEnd(what), row.limit.padEnd(limit), row.measured.padEnd(measured), row.verdict].join('  '),
    )
    .join('\n');
}

/** Tells whether a check passes: no line is missed, and none failed. */
export const passes = (results: readonly LineResult[]): boolean =>
  results.every(({ verdict }) => verdict === 'holds' || verdict === 'not measured');
