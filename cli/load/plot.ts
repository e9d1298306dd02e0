import type { LoadReport, SecondReport } from './report.ts';

/** Bars of 0 to 8 eighths of a character's height. */
const blocks = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const rows = 5;

interface Column {
  readonly failed: number;
  readonly max: number;
}

/**
 * Plots the slowest correct response over time as bars, with the number of failed requests below. If there are more
 * seconds than columns, several seconds share a column.
 * @param width in characters
 * @returns lines; none if nothing was sent
 */
export function plot({ perSecond }: Pick<LoadReport, 'perSecond'>, width = 76): readonly string[] {
  const seconds = (perSecond.at(-1)?.second ?? -1) + 1;
  if (seconds === 0) return [];
  const secondsAColumn = Math.ceil(seconds / (width - margin));
  const columns = Array.from({ length: Math.ceil(seconds / secondsAColumn) }, (_, index) =>
    column(perSecond.filter(({ second }) => Math.floor(second / secondsAColumn) === index)),
  );
  const highest = Math.max(...columns.map(({ max }) => max), 0);
  const bars = Array.from({ length: rows }, (_, row) =>
    columns.map(({ max }) => block(max, highest, rows - 1 - row)).join(''),
  );
  const failures = columns.map(({ failed }) => (failed === 0 ? ' ' : failed > 9 ? '#' : String(failed))).join('');
  return [
    ...bars.map(
      (bar, row) => `${label(row === 0 ? `${highest.toFixed(0)} ms` : row === rows - 1 ? '0' : '')}│${bar.trimEnd()}`,
    ),
    ...(failures.trim() === '' ? [] : [`${label('failed')}│${failures.trimEnd()}`]),
    `${label('')}└${axis(columns.length)}`,
    `${label('')} ${marks(columns.length, secondsAColumn)}`,
  ];
}

/** Characters before the first column, for a label and the axis. */
const margin = 10;
const label = (text: string): string => `${text.padStart(margin - 2)} `;

const column = (of: readonly SecondReport[]): Column => ({
  failed: of.reduce((sum, { failed }) => sum + failed, 0),
  max: Math.max(...of.map(({ max }) => max).filter((max) => !Number.isNaN(max)), -1),
});

/**
 * Returns the part of a bar that is in a row, counted from the bottom. A correct response is visible however fast it
 * was; a second without one is blank.
 */
function block(value: number, highest: number, row: number): string {
  if (value < 0) return ' ';
  const eighths = Math.max(Math.round((value / highest) * rows * 8), 1);
  return blocks[Math.min(Math.max(eighths - row * 8, 0), 8)] ?? ' ';
}

/** The axis has a mark at every tenth column. */
const every = 10;
const axis = (length: number): string =>
  Array.from({ length }, (_, index) => (index % every === 0 ? '┬' : '─')).join('');
const marks = (length: number, secondsAColumn: number): string =>
  Array.from({ length: Math.ceil(length / every) }, (_, index) =>
    `${String(index * every * secondsAColumn)} s`.padEnd(every),
  )
    .join('')
    .trimEnd();
