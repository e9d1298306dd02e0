import type { Reporter } from '../reporter.ts';

export interface StepTime {
  readonly step: string;
  /** Wall-clock time, rounded to a millisecond. */
  readonly seconds: number;
}

/** Runs a command's steps one after the other, shows each and keeps how long it took. */
export interface Steps {
  readonly run: <Result>(title: string, work: () => Promise<Result>) => Promise<Result>;
  readonly times: readonly StepTime[];
}

export function createSteps(report: Reporter): Steps {
  const times: StepTime[] = [];
  return {
    times,
    async run(title, work) {
      report.step(title);
      const started = performance.now();
      const result = await work();
      const seconds = Math.round(performance.now() - started) / 1000;
      times.push({ step: title, seconds });
      report.done(title, seconds);
      return result;
    },
  };
}
