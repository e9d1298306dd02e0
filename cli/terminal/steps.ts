import type { Reporter } from './reporter.ts';

export interface StepTime {
  readonly step: string;
  /** Wall-clock time, rounded to a millisecond. */
  readonly seconds: number;
  /** Why there was nothing to do; absent where something was done. */
  readonly skipped?: string;
}

/** Says why a step had nothing to do; without a reason it says nothing. */
export type Skip = (reason: string | undefined) => void;

/** Runs a command's steps one after the other, shows each and keeps how long it took. */
export interface Steps {
  readonly run: <Result>(title: string, work: (skip: Skip) => Promise<Result>) => Promise<Result>;
  readonly times: readonly StepTime[];
}

export function createSteps(report: Reporter): Steps {
  const times: StepTime[] = [];
  return {
    times,
    async run(title, work) {
      report.step(title);
      const started = performance.now();
      let skipped: string | undefined;
      const result = await work((reason) => {
        skipped = reason;
      });
      const seconds = Math.round(performance.now() - started) / 1000;
      times.push({ step: title, seconds, ...(skipped !== undefined && { skipped }) });
      if (skipped === undefined) report.done(title, seconds);
      else report.skipped(title, skipped);
      return result;
    },
  };
}
