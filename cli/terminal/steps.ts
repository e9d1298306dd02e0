import type { Reporter } from './reporter.ts';

export interface StepTime {
  readonly step: string;
  /** Wall-clock time, rounded to a millisecond. */
  readonly seconds: number;
  /** Why there was nothing to do. Absent if the step did something. */
  readonly skipped?: string;
}

/** Marks the step as skipped and says why. Does nothing if the reason is undefined. */
export type Skip = (reason: string | undefined) => void;

/** Runs the steps of a command one after the other, shows each and records how long it took. */
export interface Steps {
  readonly run: <Result>(title: string, work: (skip: Skip) => Promise<Result>) => Promise<Result>;
  readonly times: readonly StepTime[];
}

export interface StepsOptions {
  /** Milliseconds after which a step counts its seconds on a terminal. @default 2000 */
  readonly countAfter?: number;
}

export function createSteps(report: Reporter, { countAfter = 2000 }: StepsOptions = {}): Steps {
  const times: StepTime[] = [];
  return {
    times,
    async run(title, work) {
      report.step(title);
      const started = performance.now();
      let skipped: string | undefined;
      const stopCounting = countSeconds(report, started, countAfter);
      const result = await work((reason) => {
        skipped = reason;
      }).finally(stopCounting);
      const seconds = Math.round(performance.now() - started) / 1000;
      times.push({ step: title, seconds, ...(skipped !== undefined && { skipped }) });
      if (skipped === undefined) report.done(title, seconds);
      else report.skipped(title, skipped);
      return result;
    },
  };
}

/** Shows the seconds since the start, once each. Returns a function that removes them. */
function countSeconds(report: Reporter, started: number, after: number): () => void {
  const show = (): void => {
    const elapsed = performance.now() - started;
    // A timer may fire a little early.
    const seconds = Math.round(elapsed / 1000);
    report.counter(seconds);
    timer = setTimeout(show, (seconds + 1) * 1000 - elapsed).unref();
  };
  let timer = setTimeout(show, after).unref();
  return () => {
    clearTimeout(timer);
    report.counter(undefined);
  };
}
