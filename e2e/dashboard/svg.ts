/** The colors of Grafana's light theme. */
export const colors = {
  canvas: '#f4f5f5',
  panel: '#ffffff',
  border: '#e1e3e6',
  text: '#24292e',
  secondary: '#5b6370',
  grid: '#eceef0',
  green: '#37872d',
  orange: '#e8590c',
  red: '#c4162a',
} as const;

/** The colors of series, in their order, as Grafana's classic palette has them. */
export const palette = [
  '#56a64b',
  '#e0b400',
  '#3274d9',
  '#ff780a',
  '#e02f44',
  '#a352cc',
  '#37b0a5',
  '#8f3bb8',
  '#1f60c4',
  '#fa6400',
  '#c4162a',
  '#7c2ea3',
] as const;

export const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** Rounds to a tenth of a pixel: nobody sees more, and the file stays small. */
export const round = (value: number): string => String(Number(value.toFixed(1)));

interface TextStyle {
  readonly size?: number;
  readonly color?: string;
  readonly weight?: number;
  readonly anchor?: 'start' | 'middle' | 'end';
}

export function text(x: number, y: number, content: string, style: TextStyle = {}): string {
  const { size = 13, color = colors.secondary, weight, anchor } = style;
  const attributes = [
    ...(weight === undefined ? [] : [` font-weight="${weight}"`]),
    ...(anchor === undefined ? [] : [` text-anchor="${anchor}"`]),
  ].join('');
  return (
    `<text x="${round(x)}" y="${round(y)}" font-size="${size}" fill="${color}"${attributes}>` +
    `${escape(content)}</text>`
  );
}

/** About how wide a text is: there is no font to measure it with. */
export const widthOf = (content: string, size = 13): number => content.length * size * 0.54;

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

export const rectangle = ({ x, y, w, h }: Box, fill: string, border?: string): string =>
  `<rect x="${round(x)}" y="${round(y)}" width="${round(w)}" height="${round(h)}" rx="3" fill="${fill}"` +
  `${border === undefined ? '' : ` stroke="${border}"`}/>`;
