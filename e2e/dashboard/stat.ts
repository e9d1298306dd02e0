import type { RecordedPanel } from './recording.ts';
import { format } from './scale.ts';
import { colors, rectangle, round, text, type Box } from './svg.ts';

const titleHeight = 30;

/** Draws a panel with its last number, above the line that led to it. */
export function stat({ title, unit, thresholds, series }: RecordedPanel, box: Box): string {
  const column = box.w / Math.max(1, series.length);
  const numbers = series.map(({ name, values }, index) => {
    const last = values.findLast((value) => value !== null) ?? null;
    const reached = last === null ? undefined : thresholds.findLast(({ from }) => last >= from);
    const color = reached === undefined ? colors.green : reached.color === 'red' ? colors.red : colors.orange;
    const x = box.x + column * (index + 0.5);
    return [
      sparkline(values, { x: box.x + column * index, y: box.y + box.h * 0.62, w: column, h: box.h * 0.38 }, color),
      text(x, box.y + box.h * 0.62, last === null ? 'No data' : format(last, unit), {
        size: 32,
        color,
        weight: 600,
        anchor: 'middle',
      }),
      ...(series.length > 1 ? [text(x, box.y + box.h - 12, name, { anchor: 'middle' })] : []),
    ].join('');
  });
  return [
    rectangle(box, colors.panel, colors.border),
    text(box.x + 12, box.y + titleHeight - 9, title, { size: 15, color: colors.text, weight: 500 }),
    ...numbers,
  ].join('\n');
}

function sparkline(values: readonly (number | null)[], { x, y, w, h }: Box, color: string): string {
  const highest = Math.max(...values.map((value) => value ?? 0));
  const points = values.flatMap((value, step) =>
    value === null || highest === 0
      ? []
      : [`${round(x + 1 + ((w - 2) * step) / (values.length - 1))} ${round(y + h - 2 - (h - 8) * (value / highest))}`],
  );
  const [first] = points;
  if (first === undefined) return '';
  const from = first.split(' ')[0] ?? '';
  return (
    `<path d="M${from} ${round(y + h - 1)}L${points.join('L')}V${round(y + h - 1)}Z" fill="${color}" ` +
    `fill-opacity=".12"/>`
  );
}
