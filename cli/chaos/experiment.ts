import type { Load, LoadOptions } from '../load/load.ts';
import type { ExecContext } from '../tools/exec.ts';
import { Failure } from '../failure.ts';
import { complete, type ChaosReplica } from './replicas.ts';
import type { ChaosContext } from './chaos-context.ts';
import type { ExpectedImpact } from './outcome.ts';

/** How the replicas recovered. */
export interface Recovery {
  /** When the disruption began, as clock time in milliseconds. */
  readonly disruptedAt: number;
  /** When all replicas were ready again, as clock time in milliseconds. */
  readonly recoveredAt: number;
  /** What was observed, for the table. */
  readonly observed: string;
}

/** One way to break what runs. */
export interface Experiment {
  readonly name: string;
  /** What it does, for the step's title. */
  readonly title: string;
  readonly expectedImpact: ExpectedImpact;
  /** Returns why the experiment cannot be performed on this target; undefined if it can. */
  skip(chaos: ChaosContext): Promise<string | undefined> | string | undefined;
  /**
   * Returns the load under which the experiment is performed, if the usual one is not suitable.
   * @throws {Failure} if there is no such load
   */
  load?(chaos: ChaosContext): Promise<LoadOptions>;
  /**
   * Disrupts the replicas and waits until they have recovered. Registers with `undo`, beforehand, what must be undone:
   * that happens after a failure and after Ctrl-C too.
   * @param load the load that runs meanwhile
   * @throws {Failure} if the replicas don't recover
   */
  run(chaos: ChaosContext, undo: Undo, load: Load): Promise<Recovery>;
}

/**
 * Registers an action that undoes something. The action gets a context that Ctrl-C doesn't abort.
 * @returns a function that undoes it now; it is undone only once
 */
export type Undo = (action: (uninterrupted: ExecContext) => Promise<unknown>) => () => Promise<void>;

/**
 * Picks the replica to disrupt: the one with the fewest restarts, since Kubernetes waits longer after each restart of a
 * container.
 */
export function pickVictim({ watch, wanted }: ChaosContext): ChaosReplica {
  const [victim] = watch.replicas.filter(({ ready }) => ready).toSorted((one, other) => one.restarts - other.restarts);
  if (victim === undefined || !complete(wanted)(watch.replicas, []))
    throw new Failure('Not all replicas are ready.', { details: watch.lines });
  return victim;
}

/** Hides progress: the experiment shows the replicas itself. */
export const withoutProgress = (context: ExecContext): ExecContext => ({
  ...context,
  report: { ...context.report, progress: () => undefined },
});
