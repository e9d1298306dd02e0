import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../failure.ts';

/** The state of a replica. */
export interface ChaosReplica {
  readonly name: string;
  readonly ready: boolean;
  /** It is being deleted, and no longer counts. */
  readonly leaving: boolean;
  readonly restarts: number;
  /** Why it waits, otherwise how its process last ended; in Kubernetes' words. */
  readonly reason?: string;
  /** Identifies its process: the container's ID, or the process ID on this machine. */
  readonly process?: string;
  /** Clusters only. */
  readonly node?: string;
}

/** A condition on the replicas that count, and on those that are being deleted. */
export type Condition = (replicas: readonly ChaosReplica[], leaving: readonly ChaosReplica[]) => boolean;

/** Keeps the state of the replicas, and waits for conditions on it. */
export class ReplicaWatch {
  #replicas: readonly ChaosReplica[] = [];
  #failure: Error | undefined;
  readonly #waiting = new Set<() => void>();
  readonly #followers = new Set<() => void>();
  readonly #signal: AbortSignal;

  /** @param signal aborts every wait, with its reason */
  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** Those that are not being deleted. */
  get replicas(): readonly ChaosReplica[] {
    return this.#replicas.filter(({ leaving }) => !leaving);
  }

  get leaving(): readonly ChaosReplica[] {
    return this.#replicas.filter(({ leaving }) => leaving);
  }

  /** Describes all of them, one line each. */
  get lines(): readonly string[] {
    return this.#replicas.map(inWords);
  }

  update(replicas: readonly ChaosReplica[]): void {
    this.#replicas = replicas;
    for (const follower of this.#followers) follower();
    this.#wake();
  }

  /** Calls the listener after each update. @returns a function that ends this */
  follow(listener: () => void): () => void {
    this.#followers.add(listener);
    return () => this.#followers.delete(listener);
  }

  /** Makes every wait fail: there will be no more updates. */
  fail(error: unknown): void {
    this.#failure = error instanceof Error ? error : new Error(String(error));
    this.#wake();
  }

  /**
   * Waits until a condition holds.
   * @param failure what is wrong if it doesn't: the beginning of "… within 60 s."
   * @returns when it was observed, as clock time in milliseconds
   * @throws {Failure} if it doesn't hold in time
   */
  async until(failure: string, seconds: number, holds: Condition): Promise<number> {
    const deadline = AbortSignal.timeout(seconds * 1000);
    const either = AbortSignal.any([deadline, this.#signal]);
    for (;;) {
      this.#signal.throwIfAborted();
      if (this.#failure !== undefined) throw this.#failure;
      if (holds(this.replicas, this.leaving)) return Date.now();
      if (deadline.aborted) {
        throw new Failure(`${failure} within ${String(seconds)} s.`, {
          details: this.lines,
          hint: 'See `rhizome status` and `rhizome logs`.',
        });
      }
      await this.#change(either);
    }
  }

  async #change(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const wake = (): void => {
      resolve(undefined);
    };
    this.#waiting.add(wake);
    signal.addEventListener('abort', wake, { once: true });
    await promise;
    signal.removeEventListener('abort', wake);
    this.#waiting.delete(wake);
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
  }
}

function inWords({ name, ready, leaving, restarts, reason, node }: ChaosReplica): string {
  const where = node === undefined ? name : `${name} on ${node}`;
  const state = leaving ? 'leaving' : ready ? 'ready' : 'not ready';
  const restarted = `${String(restarts)} ${restarts === 1 ? 'restart' : 'restarts'}`;
  const why = reason === undefined ? '' : ` (${reason})`;
  return `${where}: ${state}, ${restarted}${why}`;
}

/** As many replicas as wanted, all ready. */
export const complete =
  (wanted: number): Condition =>
  (replicas) =>
    replicas.length === wanted && replicas.every(({ ready }) => ready);

/** Complete, and the replica's former process has ended. */
export const completeWithout =
  (wanted: number, { name, process }: ChaosReplica): Condition =>
  (replicas) =>
    complete(wanted)(replicas, []) && !replicas.some((replica) => replica.name === name && replica.process === process);

/** Complete, with no replica on that node. */
export const completeElsewhere =
  (wanted: number, worker: string): Condition =>
  (replicas, leaving) =>
    complete(wanted)(replicas, leaving) && replicas.every(({ node }) => node !== worker);

/** Updates the watch at intervals, until the signal aborts. */
export function poll(
  watch: ReplicaWatch,
  ask: () => Promise<readonly ChaosReplica[]>,
  milliseconds: number,
  signal: AbortSignal,
): void {
  const loop = async (): Promise<void> => {
    while (!signal.aborted) {
      watch.update(await ask());
      await sleep(milliseconds, undefined, { signal }).catch(() => undefined);
    }
  };
  void loop().catch((error: unknown) => {
    watch.fail(error);
  });
}
