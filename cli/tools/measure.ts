import { setTimeout as sleep } from 'node:timers/promises';
import type { Reporter } from '../terminal/reporter.ts';

/** How much of a command is done. */
export interface Measured {
  /** From 0 to 1. @default the whole is not known */
  readonly share?: number;
  /** Such as `143 MB`. @default the percentage of the share */
  readonly amount?: string;
}

/** Measures how much a process has done, by what it has read or written. Undefined if nothing is known yet. */
export type Measure = (processId: number) => Promise<Measured | undefined>;

/** Often enough for a bar that moves. */
const intervalMilliseconds = 250;

/** Shows what a running process has done, until the signal is aborted. */
export async function showMeasured(
  report: Reporter,
  processId: number,
  measure: Measure,
  signal: AbortSignal,
): Promise<void> {
  const ended = (): boolean => signal.aborted;
  while (!ended()) {
    // A file may vanish while it is measured. The next measurement finds what is there then.
    const measured = await measure(processId).catch(() => undefined);
    if (measured !== undefined && !ended()) report.share(measured.share, measured.amount);
    await sleep(intervalMilliseconds, undefined, { signal, ref: false }).catch(() => undefined);
  }
}
