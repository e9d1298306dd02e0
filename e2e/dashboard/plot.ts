import type { RecordedPanel, RecordedSeries, Recording } from './recording.ts';
import { format, scaleTo } from './scale.ts';
import { colors, palette, rectangle, round, text, widthOf, type Box } from './svg.ts';

const titleHeight = 30;
const legendLine = 19;
const axisHeight = 20;
/** So many lines of a legend fit beside a readable plot; Grafana scrolls them. */
const mostLegendLines = 3;
/** How far what must not be seen is outside the plot. */
const outside = 4;

type Times = Pick<Recording, 'from' | 'stepSeconds' | 'steps'>;

interface Line extends RecordedSeries {
  readonly color: string;
}

/** Draws a panel of lines over time, with its legend below. */
export function plot({ title, unit, stacked, thresholds, series }: RecordedPanel, box: Box, times: Times): string {
  const lines = series
    .filter(({ values }) => values.some((value) => value !== null))
    .map((each, index): Line => ({ ...each, color: palette[index % palette.length] ?? colors.text }));
  const legend = legendOf(lines, box.w - 24);
  const drawn = stacked ? stack(lines) : lines;
  const highest = Math.max(...drawn.flatMap(({ values }) => values.map((value) => value ?? 0)), 0);
  // A limit is shown if it is not far above the values.
  const limits = thresholds.filter(({ from }, index) => index === 0 || from <= 1.5 * highest);
  const { top, ticks } = scaleTo(Math.max(highest, ...limits.map(({ from }) => 1.1 * from)), unit);
  const labels = ticks.map((tick) => format(tick, unit));
  const left = Math.max(...labels.map((label) => widthOf(label, 12))) + 18;
  const area: Box = {
    x: box.x + left,
    y: box.y + titleHeight + 6,
    w: box.w - left - 14,
    h: box.h - titleHeight - 6 - axisHeight - legendLine * Math.max(1, legend.length) - 8,
  };
  const x = (step: number): number => area.x + (area.w * step) / Math.max(1, times.steps - 1);
  const y = (value: number): number => area.y + area.h * (1 - Math.min(value, top) / top);
  const clip = `clip-${Math.round(box.x)}-${Math.round(box.y)}`;
  const grid = ticks.map((tick, index) => {
    const at = round(y(tick));
    const line = `<path d="M${round(area.x)} ${at}h${round(area.w)}" stroke="${colors.grid}"/>`;
    return line + text(area.x - 8, y(tick) + 4, labels[index] ?? '', { size: 12, anchor: 'end' });
  });
  const marks = limits.map(({ from, color }) => {
    const stroke = color === 'red' ? colors.red : colors.orange;
    return `<path d="M${round(area.x)} ${round(y(from))}h${round(area.w)}" stroke="${stroke}" stroke-dasharray="6 4"/>`;
  });
  // The topmost first, so that the areas below cover it.
  const paths = (stacked ? drawn.toReversed() : drawn).map((line) => pathOf(line, area, x, y, stacked));
  return [
    rectangle(box, colors.panel, colors.border),
    text(box.x + 12, box.y + 21, title, { size: 15, color: colors.text, weight: 500 }),
    `<clipPath id="${clip}"><rect x="${round(area.x)}" y="${round(area.y - 2)}" ` +
      `width="${round(area.w)}" height="${round(area.h + 3)}"/></clipPath>`,
    ...grid,
    ...timeAxis(area, times, x),
    `<g clip-path="url(#${clip})" stroke-width="1.8" stroke-linejoin="round">${paths.join('')}</g>`,
    ...marks,
    ...legend.flatMap((row, index) => {
      const at = box.y + box.h - 10 - legendLine * (legend.length - 1 - index);
      return row.map(({ line, left: from }) => legendEntry(line, box.x + 12 + from, at));
    }),
    ...(lines.length === 0 ? [text(area.x + area.w / 2, area.y + area.h / 2, 'No data', { anchor: 'middle' })] : []),
  ].join('\n');
}

/** Adds to each line those before it. */
function stack(lines: readonly Line[]): readonly Line[] {
  const sums: number[] = [];
  return lines.map((line) => ({
    ...line,
    values: line.values.map((value, step) => (sums[step] = (sums[step] ?? 0) + (value ?? 0))),
  }));
}

/** Mixes a color with white: areas of a stack cover each other. */
function lightened(color: string): string {
  const parts = [1, 3, 5].map((at) => 255 - 0.35 * (255 - Number(`0x${color.slice(at, at + 2)}`)));
  return `#${parts.map((part) => Math.round(part).toString(16)).join('')}`;
}

/** Draws a line, and the area below it: their other edges are outside the plot, where nothing is seen. */
function pathOf(
  { values, color }: Line,
  area: Box,
  x: (step: number) => number,
  y: (value: number) => number,
  stacked: boolean,
): string {
  const parts: string[] = [];
  let points: { readonly step: number; readonly value: number }[] = [];
  const end = (): void => {
    const [first, last] = [points[0], points.at(-1)];
    if (first === undefined || last === undefined) return;
    const line = points.map(({ step, value }) => `${round(x(step))} ${round(y(value))}`).join('L');
    const whole = points.length === values.length;
    const base = area.y + area.h + outside;
    parts.push(
      whole
        ? `<path d="M${round(x(0) - outside)} ${round(base)}V${round(y(first.value))}L${line}` +
            `H${round(area.x + area.w + outside)}V${round(base)}Z" fill="${stacked ? lightened(color) : color}" ` +
            `fill-opacity="${stacked ? 1 : 0.08}" stroke="${color}"/>`
        : `<path d="M${line}${points.length === 1 ? 'h.1' : ''}" fill="none" stroke="${color}"/>`,
    );
    points = [];
  };
  values.forEach((value, step) => {
    if (value === null) end();
    else points.push({ step, value });
  });
  end();
  return parts.join('');
}

const secondsOfTick = 60;

function timeAxis(area: Box, { from, stepSeconds, steps }: Times, x: (step: number) => number): readonly string[] {
  const ticks: string[] = [];
  const last = from + (steps - 1) * stepSeconds;
  for (let time = Math.ceil(from / secondsOfTick) * secondsOfTick; time <= last; time += secondsOfTick) {
    const at = x((time - from) / stepSeconds);
    const label = new Date(1000 * time).toISOString().slice(11, 16);
    ticks.push(
      `<path d="M${round(at)} ${round(area.y)}v${round(area.h)}" stroke="${colors.grid}"/>`,
      text(at, area.y + area.h + 16, label, { size: 12, anchor: 'middle' }),
    );
  }
  return ticks;
}

interface LegendEntry {
  readonly line: Line;
  readonly left: number;
}

/** Puts the names of lines into rows. */
function legendOf(lines: readonly Line[], width: number): readonly (readonly LegendEntry[])[] {
  const rows: LegendEntry[][] = [];
  let left = Infinity;
  for (const line of lines) {
    const needed = widthOf(line.name) + 34;
    if (left + needed > width) {
      if (rows.length === mostLegendLines) break;
      rows.push([]);
      left = 0;
    }
    rows.at(-1)?.push({ line, left });
    left += needed;
  }
  return rows;
}

const legendEntry = ({ name, color }: Line, x: number, y: number): string =>
  `<path d="M${round(x)} ${round(y - 4)}h14" stroke="${color}" stroke-width="4" stroke-linecap="round"/>` +
  text(x + 20, y, name, { color: colors.text });
