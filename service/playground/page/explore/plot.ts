import { h, newId, svg } from '../element.ts';
import { formatNumber } from '../format.ts';
import { ticks } from './ticks.ts';

export interface Series {
  readonly name: string;
  readonly values: readonly number[];
}

export interface Plot {
  readonly x: readonly number[];
  readonly series: readonly Series[];
  readonly xLabel: string;
  readonly yLabel: string;
  /** The lowest and the highest value of the y axis. @default those of the values */
  readonly yRange?: readonly [number, number];
  /** A value on the x axis to mark. */
  readonly marked?: number | undefined;
  readonly format: (value: number) => string;
  /** What the plot shows, in words. */
  readonly description: string;
}

const margin = { top: 12, right: 16, bottom: 44, left: 56 };

/** Draws lines into a space of some width, in pixels. */
export function drawPlot(plot: Plot, width: number): HTMLElement {
  const height = Math.round(Math.min(320, Math.max(220, width * 0.42)));
  const [least, most] = plot.yRange ?? padded(plot.series.flatMap(({ values }) => values));
  const [first = 0, last = 1] = [plot.x[0], plot.x.at(-1)];
  const right = width - margin.right;
  const bottom = height - margin.bottom;
  const x = scale(first, last, margin.left, right);
  const y = scale(least, most, bottom, margin.top);
  const [title, description] = [newId(), newId()];
  const text = (content: string, attributes: Record<string, string | number>) => svg('text', attributes, content);
  const middle = (margin.top + bottom) / 2;
  const drawing = svg(
    'svg',
    { viewBox: `0 0 ${String(width)} ${String(height)}`, role: 'img', 'aria-labelledby': `${title} ${description}` },
    svg('title', { id: title }, `${plot.yLabel} by ${plot.xLabel}`),
    svg('desc', { id: description }, plot.description),
    ...ticks(least, most, 4).flatMap((value) => [
      svg('line', { class: 'grid', x1: margin.left, x2: right, y1: y(value), y2: y(value) }),
      text(plot.format(value), { x: margin.left - 8, y: y(value) + 4, 'text-anchor': 'end' }),
    ]),
    ...ticks(first, last, width < 480 ? 4 : 7).map((value) =>
      text(formatNumber(value), { x: x(value), y: bottom + 18, 'text-anchor': 'middle' }),
    ),
    text(plot.xLabel, { class: 'axis', x: (margin.left + right) / 2, y: height - 6, 'text-anchor': 'middle' }),
    text(plot.yLabel, {
      class: 'axis',
      x: -middle,
      y: 12,
      transform: 'rotate(-90)',
      'text-anchor': 'middle',
    }),
    svg('line', { class: 'base', x1: margin.left, x2: right, y1: bottom, y2: bottom }),
    ...marker(plot.marked, first, last, x, bottom),
    ...plot.series.map(({ values }, index) =>
      svg('path', { class: `series series-${String(index)}`, d: line(plot.x.map(x), values.map(y)) }),
    ),
  );
  const legend =
    plot.series.length < 2
      ? undefined
      : h(
          'ul',
          { class: 'legend' },
          ...plot.series.map(({ name }, index) =>
            h('li', {}, h('span', { class: `swatch series-${String(index)}`, 'aria-hidden': 'true' }), name),
          ),
        );
  return h('figure', { class: 'plot' }, legend, drawing);
}

function marker(
  value: number | undefined,
  first: number,
  last: number,
  x: (value: number) => number,
  bottom: number,
): readonly Node[] {
  if (value === undefined || value < first || value > last) return [];
  return [svg('line', { class: 'marker', x1: x(value), x2: x(value), y1: margin.top, y2: bottom })];
}

const scale =
  (from: number, to: number, start: number, end: number) =>
  (value: number): number =>
    Number((start + ((value - from) / (to - from || 1)) * (end - start)).toFixed(1));

/** A gap in the values is a gap in the line. */
function line(x: readonly number[], y: readonly number[]): string {
  let pen = 'M';
  return x
    .map((at, index) => {
      const height = y[index] ?? NaN;
      const part = Number.isFinite(height) ? `${pen}${String(at)} ${String(height)}` : '';
      pen = part === '' ? 'M' : 'L';
      return part;
    })
    .join('');
}

function padded(values: readonly number[]): readonly [number, number] {
  const finite = values.filter(Number.isFinite);
  const [least, most] = [Math.min(...finite), Math.max(...finite)];
  if (finite.length === 0) return [0, 1];
  const space = (most - least) * 0.08 || Math.abs(most) * 0.1 || 1;
  return [least - space, most + space];
}
