import { escape, round, widthOf } from '../dashboard/svg.ts';

/** What a box means, which decides how it looks. */
export type Tone = 'plain' | 'accent' | 'good' | 'faint' | 'frame';

interface Point {
  readonly x: number;
  readonly y: number;
}

interface Rectangle extends Point {
  readonly w: number;
  readonly h: number;
}

/**
 * The colours of Rhizome's pages. The picture has a background of its own, because GitHub shows it on one that may be
 * light or dark, whatever the system prefers.
 */
const style = `
  svg { background: #fbfaf7; font-family: system-ui, 'Segoe UI', Helvetica, Arial, sans-serif; font-size: 14px }
  rect { fill: #fff; stroke: #5f6468; stroke-width: 1.2 }
  .frame { fill: none; stroke: #dcd9d1 } .accent { fill: #ecebfa; stroke: #5546b5 }
  .good { fill: #e4f2ea; stroke: #2c7a4b } .faint { fill: none; stroke-dasharray: 5 4 }
  .back { fill: #fbfaf7; stroke: none }
  text { fill: #1d2023 } .muted { fill: #5f6468; font-size: 13px } .strong { font-weight: 600 }
  .line { fill: none; stroke: #5546b5; stroke-width: 1.6 } .head { fill: #5546b5 }
  @media (prefers-color-scheme: dark) {
    svg { background: #15171a } rect { fill: #1d2024; stroke: #a2a7ab } .frame { fill: none; stroke: #33373b }
    .accent { fill: #262240; stroke: #a99cf5 } .good { fill: #183224; stroke: #6cc491 } .faint { fill: none }
    .back { fill: #15171a; stroke: none } text { fill: #e9e7e2 } .muted { fill: #a2a7ab }
    .line { stroke: #a99cf5 } .head { fill: #a99cf5 }
  }
`;

/** Returns a whole picture. */
export function picture(width: number, height: number, title: string, shapes: readonly string[]): string {
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" ` +
    `role="img" aria-labelledby="title">\n<title id="title">${escape(title)}</title>\n<style>${style}</style>\n` +
    `<rect class="back" width="${width}" height="${height}"/>\n${shapes.join('\n')}\n</svg>\n`
  );
}

/** Draws a box with its lines of text in the middle; the first one is in bold. */
export function box({ x, y, w, h }: Rectangle, tone: Tone, ...lines: readonly string[]): string {
  const first = y + h / 2 - (lines.length - 1) * 9 + 5;
  return [
    `<rect class="${tone}" x="${round(x)}" y="${round(y)}" width="${round(w)}" height="${round(h)}" rx="8"/>`,
    ...lines.map((line, index) =>
      label({ x: x + w / 2, y: first + index * 18 }, line, index === 0 ? 'strong' : 'muted', 'middle'),
    ),
  ].join('\n');
}

/** Draws a large box around others, with its name in the upper left corner. */
export const frame = (area: Rectangle, ...lines: readonly string[]): string =>
  [
    box(area, 'frame'),
    ...lines.map((line, index) =>
      label({ x: area.x + 14, y: area.y + 24 + index * 18 }, line, index === 0 ? 'strong' : 'muted'),
    ),
  ].join('\n');

export const label = (
  { x, y }: Point,
  text: string,
  weight: 'strong' | 'muted' = 'muted',
  anchor: 'start' | 'middle' | 'end' = 'start',
): string =>
  `<text class="${weight}" x="${round(x)}" y="${round(y)}"${anchor === 'start' ? '' : ` text-anchor="${anchor}"`}>` +
  `${escape(text)}</text>`;

/** Draws an arrow, with a text on its middle. */
export function arrow(from: Point, to: Point, text = ''): string {
  const angle = Math.atan2(to.y - from.y, to.x - from.x);
  const corner = (turn: number): string =>
    `${round(to.x - 9 * Math.cos(angle + turn))},${round(to.y - 9 * Math.sin(angle + turn))}`;
  const middle = { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 };
  const width = widthOf(text) + 8;
  return [
    `<path class="line" d="M${round(from.x)},${round(from.y)} L${round(to.x)},${round(to.y)}"/>`,
    `<path class="head" d="M${round(to.x)},${round(to.y)} L${corner(0.45)} L${corner(-0.45)} z"/>`,
    ...(text === ''
      ? []
      : [
          `<rect class="back" x="${round(middle.x - width / 2)}" y="${round(middle.y - 10)}" ` +
            `width="${round(width)}" height="20"/>`,
          label({ x: middle.x, y: middle.y + 5 }, text, 'muted', 'middle'),
        ]),
  ].join('\n');
}
