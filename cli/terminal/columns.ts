import { stripVTControlCharacters } from 'node:util';
import { widthOf } from './style.ts';

export interface ColumnOptions {
  /** Written before each line. @default '' */
  readonly indent?: string;
  /** Characters that a line may have. @default the terminal's width if standard output is one, otherwise unlimited */
  readonly width?: number;
  /** Formats a Markdown table, whose head is the first row. @default false */
  readonly markdown?: boolean;
}

/** Between two columns. */
const gap = '  ';
/** A column is never made narrower than this, even if the line is then too long. */
const narrowest = 8;

/**
 * Formats rows as aligned columns, without borders. If the lines would be too long, the widest columns wrap. Cells may
 * have several lines, and may contain ANSI colours.
 * @returns lines; a row has several if one of its cells has
 */
export function columns(
  rows: readonly (readonly string[])[],
  { indent = '', width = terminalWidth(), markdown = false }: ColumnOptions = {},
): string[] {
  if (markdown) return markdownTable(rows);
  const widths = fit(naturalWidths(rows), width - indent.length);
  return rows.flatMap((row) => {
    const cells = row.map((cell, column) => wrap(cell, widths[column] ?? 0));
    const height = Math.max(1, ...cells.map((lines) => lines.length));
    return Array.from({ length: height }, (_, line) =>
      `${indent}${cells.map((lines, column) => pad(lines[line] ?? '', widths[column] ?? 0)).join(gap)}`.trimEnd(),
    );
  });
}

const terminalWidth = (): number => (process.stdout.isTTY ? widthOf(process.stdout) : Infinity);

function markdownTable(rows: readonly (readonly string[])[]): string[] {
  const [head = [], ...body] = rows.map((row) =>
    row.map((cell) => stripVTControlCharacters(cell).replaceAll('|', '\\|').replaceAll('\n', '<br>')),
  );
  return [head, head.map(() => '---'), ...body].map((cells) => `| ${cells.join(' | ')} |`);
}

function naturalWidths(rows: readonly (readonly string[])[]): number[] {
  const count = Math.max(0, ...rows.map((row) => row.length));
  return Array.from({ length: count }, (_, column) =>
    Math.max(0, ...rows.flatMap((row) => (row[column] ?? '').split('\n').map(textWidth))),
  );
}

/** Narrows the widest columns until a line fits. */
function fit(widths: readonly number[], width: number): number[] {
  const fitted = [...widths];
  let excess = fitted.reduce((sum, each) => sum + each, gap.length * Math.max(0, fitted.length - 1)) - width;
  for (; excess > 0; excess--) {
    const widest = fitted.indexOf(Math.max(...fitted));
    if ((fitted[widest] ?? 0) <= narrowest) break;
    fitted[widest] = (fitted[widest] ?? 0) - 1;
  }
  return fitted;
}

const pad = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - textWidth(text)));

const wide = /\p{Emoji_Presentation}|\p{Script=Han}|\p{Script=Hangul}|\p{Script=Hiragana}|\p{Script=Katakana}/u;

/** Terminal cells that one character fills. */
const characterWidth = (character: string): number => (/\p{Mark}/u.test(character) ? 0 : wide.test(character) ? 2 : 1);

/** Returns how many cells of a terminal a text fills. */
export const textWidth = (text: string): number =>
  Array.from(stripVTControlCharacters(text), characterWidth).reduce((sum, each) => sum + each, 0);

/** Splits a text into lines, at spaces if possible. */
function wrap(text: string, width: number): string[] {
  return text.split('\n').flatMap((line) => (textWidth(line) <= width ? [line] : wrapLine(line, width)));
}

const styleOrCharacter = /\u001b\[[\d;]*m|./gsu;
const closing = /^\u001b\[(?:0|2[2-9]|39|49)?m$/;
const reset = '\u001b[0m';

function wrapLine(text: string, width: number): string[] {
  const lines: string[] = [];
  let style = '';
  let line = '';
  let room = width;
  const end = (rest: string): void => {
    lines.push(style === '' ? line.trimEnd() : `${line.trimEnd()}${reset}`);
    line = `${style}${rest}`;
    room = width - textWidth(rest);
  };
  for (const [token] of text.matchAll(styleOrCharacter)) {
    if (token.startsWith('\u001b')) {
      style = closing.test(token) ? '' : style + token;
      line += token;
      continue;
    }
    if (characterWidth(token) > room) {
      const space = line.lastIndexOf(' ');
      const rest = space === -1 ? '' : line.slice(space + 1);
      // A word that began before its colour changed, or that fills the line, is split.
      if (token !== ' ' && space > 0 && !rest.includes('\u001b')) {
        line = line.slice(0, space);
        end(rest);
      } else end('');
      if (token === ' ') continue;
    }
    line += token;
    room -= characterWidth(token);
  }
  return [...lines, line];
}
