import { stripVTControlCharacters, styleText } from 'node:util';

/**
 * Shows progress, on standard error: standard output is for what a script wants (an answer, JSON, log lines).
 * On a terminal `progress` rewrites its lines in place; without one it prints each new line once.
 */
export interface Reporter {
  /** A step begins. */
  step(title: string): void;
  /** The plain command that runs now. */
  command(line: string): void;
  /** A line that stays. */
  line(text: string): void;
  /** What the step waits for, a line each; replaces the lines of the call before. */
  progress(lines: readonly string[]): void;
  /** A step has ended. */
  done(title: string, seconds: number): void;
  /** A step has ended, and there was nothing to do, for this reason. */
  skipped(title: string, reason: string): void;
  /** A step, or the whole command, has failed; a blank line sets it apart. */
  failure(message: string, details: readonly string[], hint: string | undefined): void;
}

/** The part of a stream that a reporter writes to. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export function createReporter(output: Output, env: NodeJS.ProcessEnv = process.env): Reporter {
  const live = output.isTTY === true && env.TERM !== 'dumb';
  const colour = live && (env.NO_COLOR ?? '') === '';
  const style = (format: Parameters<typeof styleText>[0], text: string): string =>
    colour ? styleText(format, text, { validateStream: false }) : text;

  let shown: readonly string[] = [];
  /** Takes the lines in place off the screen. */
  const clear = (): void => {
    if (live && shown.length > 0) output.write(`\u001b[${String(shown.length)}A\u001b[0J`);
    shown = [];
  };
  const print = (text: string): void => {
    clear();
    output.write(`${text}\n`);
  };

  return {
    step: (title) => {
      print(style('bold', `• ${title}`));
    },
    command: (line) => {
      print(style('cyan', `  $ ${line}`));
    },
    line: (text) => {
      print(`  ${text}`);
    },
    progress(lines) {
      if (!live) {
        for (const line of lines) if (!shown.includes(line)) output.write(`  ${line}\n`);
        shown = lines;
        return;
      }
      clear();
      const width = (output.columns ?? 80) - 3;
      for (const line of lines) output.write(`  ${style('dim', stripVTControlCharacters(line).slice(0, width))}\n`);
      shown = lines;
    },
    done(title, seconds) {
      print(style('green', `  ✓ ${title} (${seconds.toFixed(1)} s)`));
    },
    skipped(title, reason) {
      print(style('dim', `  - ${title}: skipped, ${reason}`));
    },
    failure(message, details, hint) {
      print(`\n${style('red', '✗')} ${message}`);
      for (const line of details) print(style('dim', `    ${line}`));
      if (hint !== undefined) print(`  → ${hint}`);
    },
  };
}
