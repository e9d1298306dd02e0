import type { Reporter } from './reporter.ts';
import type { Step, Walkthrough } from './walkthrough.ts';

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
  readonly run: <Result>(step: string | Step, work: (skip: Skip) => Promise<Result>) => Promise<Result>;
  readonly times: readonly StepTime[];
}

export interface StepsOptions {
  /** Milliseconds after which a step counts its seconds on a terminal. @default 2000 */
  readonly countAfter?: number;
  /** Explains the steps, and pauses before each. @default none */
  readonly walkthrough?: Walkthrough | undefined;
}

export function createSteps(report: Reporter, { countAfter = 2000, walkthrough }: StepsOptions = {}): Steps {
  const times: StepTime[] = [];
  return {
    times,
    async run(step, work) {
      const title = typeof step === 'string' ? step : step.title;
      report.step(title);
      if (typeof step !== 'string') await walkthrough?.begin(step);
      const started = performance.now();
      let skipped: string | undefined;
      const stopCounting = countSeconds(report, started, countAfter);
      const result = await work((reason) => {
        skipped = reason;
      }).finally(stopCounting);
      const heldUp = walkthrough?.end() ?? 0;
      const seconds = Math.round(performance.now() - started - heldUp) / 1000;
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
    report.share(undefined);
  };
}
