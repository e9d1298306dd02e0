import { setTimeout as sleep } from 'node:timers/promises';
import { openChaosContext } from '../chaos/chaos-context.ts';
import type { Experiment } from '../chaos/experiment.ts';
import type { Outcome } from '../chaos/outcome.ts';
import { perform } from '../chaos/perform.ts';
import { Failure } from '../failure.ts';
import { assertedLoad } from '../load/examples.ts';
import { startLoad, type LoadOptions } from '../load/load.ts';
import { byKind, type LoadReport } from '../load/report.ts';
import type { Target } from '../targets/target.ts';
import { withoutCommands } from '../terminal/reporter.ts';
import type { ExecContext } from '../tools/exec.ts';
import type { Feed } from './feed.ts';
import type { Result } from './messages.ts';

/** A load that nobody stops ends after this time: who closed the page may have forgotten it. Milliseconds. */
const longestLoad = 5 * 60_000;

/** Something runs already, and only one thing can. */
class Busy extends Failure {
  override readonly name = 'Busy';
}

/** Runs loads and experiments, one at a time, and shows them on the board. */
export class Activities {
  readonly #context: ExecContext;
  readonly #target: Target;
  readonly #url: string;
  readonly #feed: Feed;
  #running: { readonly name: string; readonly stop: AbortController; readonly ended: Promise<void> } | undefined;

  /** @param url of the service */
  constructor(context: ExecContext, target: Target, url: string, feed: Feed) {
    this.#context = context;
    this.#target = target;
    this.#url = url;
    this.#feed = feed;
  }

  /** Starts a load, which runs until it is stopped. @throws {Busy} */
  startLoad(rate: number): void {
    if (this.#running !== undefined) throw busyWith(this.#running.name);
    this.#begin('load', async (context) => {
      const load = startLoad(await this.#load(context, rate));
      const live = setInterval(() => {
        this.#feed.load(load);
      }, 500);
      try {
        await sleep(longestLoad, undefined, { signal: context.signal }).catch(() => undefined);
      } finally {
        await load.stop();
        clearInterval(live);
        this.#feed.load(load);
      }
      return outcomeOf(await load.stop());
    });
  }

  /** Starts an experiment, which has a load of its own and therefore ends the one that runs. @throws {Busy} */
  startExperiment(experiment: Experiment, rate: number): void {
    const before = this.#running;
    if (before !== undefined && before.name !== 'load') throw busyWith(before.name);
    before?.stop.abort();
    this.#begin(experiment.name, async (context) => {
      await before?.ended;
      const chaos = await openChaosContext(context, this.#target, await this.#load(context, rate));
      return perform(experiment, chaos, (load) => {
        this.#feed.load(load);
      });
    });
  }

  /** Stops what runs. An experiment undoes what it did first. */
  async stop(): Promise<void> {
    this.#running?.stop.abort();
    await this.#running?.ended;
  }

  #begin(name: string, run: (context: ExecContext) => Promise<Outcome>): void {
    const stop = new AbortController();
    const signal = AbortSignal.any([this.#context.signal, stop.signal]);
    const work = async (): Promise<void> => {
      this.#feed.activity({ name, startedAt: Date.now() });
      const result = await run({ ...this.#context, signal }).then(
        (outcome): Partial<Result> => ({ outcome }),
        (error: unknown): Partial<Result> => ({ problem: signal.aborted ? 'Stopped.' : describe(error) }),
      );
      // Ends what watched the replicas for the experiment.
      stop.abort();
      this.#feed.result({ at: Date.now(), name, ...result });
      // An experiment may have taken the place of a load.
      if (this.#running?.ended !== ended) return;
      this.#running = undefined;
      this.#feed.activity(null);
    };
    const ended = work();
    this.#running = { name, stop, ended };
  }

  async #load(context: ExecContext, rate: number): Promise<LoadOptions> {
    const quiet = { ...context, report: withoutCommands(context.report) };
    return { ...(await assertedLoad(quiet, this.#url)), rate, connections: 'both' };
  }
}

const busyWith = (name: string): Busy =>
  new Busy(`${name} is still running.`, { hint: 'Wait until it ends, or stop it.' });

const describe = (error: unknown): string =>
  error instanceof Failure ? [error.message, ...error.details].join('\n') : String(error);

/** A load is an experiment in which nothing is broken. */
function outcomeOf({ sent, failures, p99, longestGapMs }: LoadReport): Outcome {
  const kinds = byKind(failures);
  return {
    experiment: 'load',
    expectedImpact: 'no failures',
    sent,
    failed: failures.length,
    kinds,
    ...(Number.isFinite(p99) && { p99Ms: p99 }),
    longestGapMs,
    exceeded: failures.length === 0 ? [] : [`${String(failures.length)} of ${String(sent)} requests failed: ${kinds}.`],
  };
}
