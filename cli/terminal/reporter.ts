import { stripVTControlCharacters } from 'node:util';
import { createLiveLines } from './live-lines.ts';
import { escapeControls, printable } from './printable.ts';
import { progressBar } from './progress-bar.ts';
import { createStyle, isTerminal, widthOf, type Output } from './style.ts';

/**
 * Shows what a command is doing, on standard error. Standard output is for what a script reads: a prediction, JSON,
 * log lines. On a terminal, `progress`, `counter` and `share` rewrite their lines in place. Elsewhere, `progress`
 * prints each new line once, and the other two print nothing. Servers and other programs wrote parts of the texts, so
 * characters that a terminal would obey are escaped.
 */
export interface Reporter {
  /** Starts a step. */
  step(title: string): void;
  /** Shows the plain command that runs now. */
  command(line: string): void;
  /** Prints a line that stays. */
  line(text: string): void;
  /** Shows what the step waits for. Replaces the lines of the previous call. */
  progress(lines: readonly string[]): void;
  /** Shows how many seconds the step has taken so far, below the progress. Undefined removes it. */
  counter(seconds: number | undefined): void;
  /**
   * Shows how much of the step is done, from 0 to 1, as a bar beside the counter, with a percentage or an amount such
   * as `143 MB`. The share may be unknown. Undefined removes them.
   */
  share(done: number | undefined, amount?: string): void;
  /** Ends a step. */
  done(title: string, seconds: number): void;
  /** Ends a step that had nothing to do, and says why. */
  skipped(title: string, reason: string): void;
  /** Shows that a step or the whole command failed, after a blank line. */
  failure(message: string, details: readonly string[], hint: string | undefined): void;
}

export function createReporter(output: Output, env: NodeJS.ProcessEnv = process.env): Reporter {
  const live = isTerminal(output, env);
  const style = createStyle(output, env);

  const liveLines = createLiveLines(output);

  let lines: readonly string[] = [];
  let elapsed: number | undefined;
  let done: number | undefined;
  let doneAmount: string | undefined;
  const bar = (): string | undefined => (elapsed === undefined ? undefined : progressBar(elapsed, done, doneAmount));
  const draw = (): void => {
    const width = widthOf(output) - 3;
    const counter = bar();
    const all = lines.map((line) => escapeControls(stripVTControlCharacters(line)).slice(0, width));
    if (counter !== undefined) all.push(counter);
    liveLines.show(all.map((line) => `  ${style('dim', line)}`));
  };
  const print = (text: string): void => {
    liveLines.show([]);
    lines = [];
    output.write(`${text}\n`);
  };

  return {
    step: (title) => {
      print(style('bold', `• ${printable(title)}`));
    },
    command: (line) => {
      print(style('cyan', `  $ ${printable(line)}`));
    },
    line: (text) => {
      print(`  ${printable(text)}`);
    },
    progress(next) {
      const before = lines;
      lines = next;
      if (live) draw();
      else for (const line of next) if (!before.includes(line)) output.write(`  ${printable(line)}\n`);
    },
    counter(seconds) {
      if (!live || seconds === elapsed) return;
      elapsed = seconds;
      draw();
    },
    share(of, amount) {
      const before = bar();
      [done, doneAmount] = [of, amount];
      if (live && bar() !== before) draw();
    },
    done(title, seconds) {
      print(style('green', `  ✓ ${printable(title)} (${seconds.toFixed(1)} s)`));
    },
    skipped(title, reason) {
      print(style('dim', `  - ${printable(title)}: skipped, ${printable(reason)}`));
    },
    failure(message, details, hint) {
      print(`\n${style('red', '✗')} ${printable(message)}`);
      for (const line of details) print(style('dim', `    ${printable(line)}`));
      if (hint !== undefined) print(`  → ${printable(hint)}`);
    },
  };
}

/** Hides the plain commands, such as the `curl` lines of requests that are not what the command is about. */
export const withoutCommands = (report: Reporter): Reporter => ({ ...report, command: () => undefined });

/**
 * Shows only the current step, as progress: on a terminal nothing of it is left when the step ends. Lines and failures
 * stay.
 */
export function briefReporter(report: Reporter): Reporter {
  let current: readonly string[] = [];
  const end = (): void => {
    current = [];
    report.progress([]);
  };
  return {
    ...report,
    command: () => undefined,
    step(title) {
      current = [title];
      report.progress(current);
    },
    progress: (lines) => {
      report.progress([...current, ...lines.map((line) => (current.length > 0 ? `  ${line}` : line))]);
    },
    done: end,
    skipped: end,
  };
}
