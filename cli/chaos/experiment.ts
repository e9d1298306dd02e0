import type { ExecContext } from '../tools/exec.ts';
import { Failure } from '../failure.ts';
import { complete, type Replica } from './replicas.ts';
import type { Stage } from './chaos-context.ts';

/** What an event may cost. */
export type Promised =
  /** No request fails. */
  | 'lossless'
  /** A request that fails is answered when it is sent once more, three seconds later. */
  | 'one retry'
  /** The others go on answering: what is sent to a lost node waits there until Kubernetes knows. */
  | 'serving';

/** What came of it. */
export interface Happening {
  /** Clock times, in milliseconds: of the blow, and of the moment at which all replicas were ready again. */
  readonly struckAt: number;
  readonly backAt: number;
  /** In words, for the table. */
  readonly seen: string;
}

/** One way to break what runs. */
export interface ChaosEvent {
  readonly name: string;
  /** What is done, for the step's title. */
  readonly title: string;
  readonly promised: Promised;
  /** Why it cannot be done on this target; undefined where it can. */
  skip(stage: Stage): Promise<string | undefined> | string | undefined;
  /**
   * Breaks it, and waits until it is whole again. What has to be taken back is given to `undo` first: that is done after a
   * failure and after Ctrl-C too.
   * @throws Failure where it does not heal
   */
  run(stage: Stage, undo: Undo): Promise<Happening>;
}

/** @returns takes it back now, and only once. The context is one that Ctrl-C does not end. */
export type Undo = (takeBack: (calm: ExecContext) => Promise<unknown>) => () => Promise<void>;

/** Whom to hit: the one with the fewest restarts, since Kubernetes lets a container wait longer after each. */
export function pickVictim({ watch, wanted }: Stage): Replica {
  const [victim] = watch.replicas.filter(({ ready }) => ready).toSorted((one, other) => one.restarts - other.restarts);
  if (victim === undefined || !complete(wanted)(watch.replicas, []))
    throw new Failure('Not all replicas are ready.', { details: watch.lines });
  return victim;
}

/** The replicas are shown as they are watched; a step within an event need not show them too. */
export const quietly = (context: ExecContext): ExecContext => ({
  ...context,
  report: { ...context.report, progress: () => undefined },
});
