import { plot } from './plot.ts';
import type { RecordedPanel, Recording } from './recording.ts';
import { stat } from './stat.ts';
import { colors, rectangle, round, text, widthOf, type Box } from './svg.ts';

const width = 1240;
const margin = 16;
const gap = 8;
/** Height of one line of Grafana's grid, without the gap below. */
const cell = 28;
const columns = 24;
const headerHeight = 92;
const font = "Inter, 'Helvetica Neue', Helvetica, Arial, sans-serif";

/**
 * Draws a recorded dashboard where Grafana would place its panels, as SVG. The same recording gives the same picture.
 *
 * @param open the rows whose panels are shown; the others are collapsed
 */
export function drawDashboard(recording: Recording, open: readonly string[]): string {
  const { panels, title } = recording;
  const rows = panels.filter(({ type }) => type === 'row');
  const drawn: string[] = [];
  let y = headerHeight;
  for (const row of rows) {
    const inside = panels.filter((panel) => panel.type !== 'row' && rowOf(panel, rows) === row);
    const isOpen = open.includes(row.title);
    drawn.push(rowHeading(row.title, isOpen ? undefined : inside.length, y));
    y += cell + gap;
    if (!isOpen) continue;
    const first = row.gridPos.y + row.gridPos.h;
    for (const panel of inside) {
      const box = boxOf(panel, y - first * (cell + gap));
      drawn.push(panel.type === 'stat' ? stat(panel, box) : plot(panel, box, recording));
    }
    y += (Math.max(...inside.map(({ gridPos }) => gridPos.y + gridPos.h)) - first) * (cell + gap);
  }
  const height = y + margin - gap;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${round(height)}" font-family="${font}">
<title>The Grafana dashboard of ${title}, drawn from recorded metrics</title>
<rect width="${width}" height="${round(height)}" fill="${colors.canvas}"/>
${header(recording)}
${drawn.join('\n')}
</svg>
`;
}

/** Returns the row that a panel is below. */
const rowOf = ({ gridPos }: RecordedPanel, rows: readonly RecordedPanel[]): RecordedPanel | undefined =>
  rows.findLast((row) => row.gridPos.y < gridPos.y);

function boxOf({ gridPos: { x, y, w, h } }: RecordedPanel, top: number): Box {
  const column = (width - 2 * margin + gap) / columns;
  return {
    x: margin + x * column,
    y: top + y * (cell + gap),
    w: w * column - gap,
    h: h * (cell + gap) - gap,
  };
}

function header({ title, variables, from, stepSeconds, steps }: Recording): string {
  const parts = [
    `<rect width="${width}" height="46" fill="${colors.panel}"/><path d="M0 46h${width}" stroke="${colors.border}"/>`,
    text(margin, 29, 'Dashboards  ›', { size: 15 }),
    text(margin + 106, 29, title, { size: 16, color: colors.text, weight: 600 }),
    text(width - margin, 29, `Last ${Math.round((steps * stepSeconds) / 60)} minutes, ${time(from)} UTC`, {
      size: 14,
      anchor: 'end',
    }),
  ];
  let x = margin;
  for (const { label, value } of variables) {
    const [labelWidth, valueWidth] = [widthOf(label, 14) + 14, widthOf(value, 14) + 34];
    parts.push(
      rectangle({ x, y: 56, w: labelWidth + valueWidth, h: 28 }, colors.panel, colors.border),
      text(x + 9, 75, label, { size: 14, color: colors.text, weight: 500 }),
      text(x + labelWidth + 8, 75, `${value}  ▾`, { size: 14, color: colors.text }),
    );
    x += labelWidth + valueWidth + 12;
  }
  return parts.join('\n');
}

const time = (seconds: number): string => new Date(1000 * seconds).toISOString().slice(0, 16).replace('T', ' ');

function rowHeading(title: string, hidden: number | undefined, y: number): string {
  const baseline = y + cell / 2 + 5;
  return [
    text(margin + 2, baseline, hidden === undefined ? '▾' : '▸', { size: 14, color: colors.text }),
    text(margin + 20, baseline, title, { size: 16, color: colors.text, weight: 600 }),
    ...(hidden === undefined ? [] : [text(margin + 34 + widthOf(title, 18), baseline, `(${hidden} panels)`)]),
  ].join('');
}
