import { printableLine } from './printable.ts';
import type { Output } from './style.ts';

/** Lines on a terminal that are rewritten in place. */
export interface LiveLines {
  /** Replaces the lines. None of them may be longer than the terminal is wide. */
  show(lines: readonly string[]): void;
}

export function createLiveLines(output: Output): LiveLines {
  let drawn = 0;
  return {
    show(lines) {
      // Up by as many lines as there are, and everything below is erased.
      if (drawn > 0) output.write(`\u001b[${String(drawn)}A\u001b[0J`);
      for (const line of lines) output.write(`${printableLine(line)}\n`);
      drawn = lines.length;
    },
  };
}
