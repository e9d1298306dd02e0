import type { Figures } from '../figures.ts';
import type { LineResult } from '../lines/line.ts';
import type { RunDescription } from '../machine/describe.ts';
import { formatNumber, formatSpread } from './format.ts';
import { formatTable, markdownTable, tables } from './tables.ts';

/** The plots that are shown, by file name. */
export type Captions = Readonly<Record<string, string>>;

/** Returns the report of a run. */
export function formatMarkdown(
  run: RunDescription,
  figures: Figures,
  results: readonly LineResult[],
  plots: Captions,
): string {
  const versions = Object.entries(run.versions).map(([name, version]) => `${name} ${version}`);
  return `${[
    '# Results of the benchmarks',
    'Written by `npm run bench`. Numbers are medians over the rounds of one run, with the smallest and the largest ' +
      'in parentheses. [The method](../README.md) says how they are measured.',
    [
      `- ${run.date.slice(0, 10)}, commit ${run.commit}`,
      `- ${run.machine}; ${run.cores}`,
      `- ${versions.join(', ')}`,
      `- To repeat: \`${run.command}\``,
    ].join('\n'),
    ...(results.length === 0 ? [] : ['## Lines', lineTable(results)]),
    ...(Object.keys(plots).length === 0 ? [] : ['## Plots']),
    ...Object.entries(plots).map(([file, caption]) => `![${caption}](${file})\n\n${caption}`),
    '## Figures',
    ...tables.flatMap((table) => formatTable(table, figures) ?? []),
  ].join('\n\n')}\n`;
}

function lineTable(results: readonly LineResult[]): string {
  return markdownTable(
    ['what', 'line', 'measured', ''],
    results.map(({ line, verdict, measured, reasons }) => [
      line.what,
      `${line.relation} ${formatNumber(line.limit)}${line.unit}`,
      measured === undefined ? '' : formatSpread(measured),
      [verdict, ...reasons.map((reason) => reason.split('\n')[0] ?? '')].join(': '),
    ]),
  );
}
