import { styleText } from 'node:util';

/** The part of a stream that is written to. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** One or several formats of `util.styleText`, such as `'red'` or `['bold', 'cyan']`. */
export type Format = Parameters<typeof styleText>[0];

/** Colours a text, or returns it as it is. */
export type Style = (format: Format, text: string) => string;

/** Whether lines can be rewritten in place. */
export const isTerminal = (output: Output, env: NodeJS.ProcessEnv = process.env): boolean =>
  output.isTTY === true && env.TERM !== 'dumb';

/** Returns how many characters a line of a terminal may have. Some pseudo-terminals report 0: they don't know. */
export const widthOf = ({ columns = 0 }: Output): number => (columns > 0 ? columns : 80);

/** Returns a function that colours text if the output is a terminal, or as NO_COLOR and FORCE_COLOR say. */
export function createStyle(output: Output, env: NodeJS.ProcessEnv = process.env): Style {
  const coloured = forcedColours(env) ?? isTerminal(output, env);
  return (format, text) => (coloured ? styleText(format, text, { validateStream: false }) : text);
}

/** As commander decides it for help texts: NO_COLOR (no-color.org) wins over FORCE_COLOR, which Node knows too. */
function forcedColours({ NO_COLOR = '', FORCE_COLOR = '' }: NodeJS.ProcessEnv): boolean | undefined {
  if (NO_COLOR !== '' || FORCE_COLOR === '0' || FORCE_COLOR === 'false') return false;
  return FORCE_COLOR === '' ? undefined : true;
}
