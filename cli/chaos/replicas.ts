import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../failure.ts';

/** One replica, at one moment. */
export interface Replica {
  readonly name: string;
  readonly ready: boolean;
  /** It was told to end, and counts no more. */
  readonly leaving: boolean;
  readonly restarts: number;
  /** As Kubernetes words it: why it waits, or else how its process ended last. */
  readonly reason?: string;
  /** What tells its process from the one before: a container's id, or a process id on this machine. */
  readonly process?: string;
  /** On a cluster. */
  readonly node?: string;
}

/** What of the replicas is wanted to be seen: of those that count, and of those that are on their way out. */
export type Condition = (replicas: readonly Replica[], leaving: readonly Replica[]) => boolean;

/** The replicas as they change. */
export class ReplicaWatch {
  #replicas: readonly Replica[] = [];
  #failure: Error | undefined;
  readonly #waiting = new Set<() => void>();
  readonly #signal: AbortSignal;

  /** @param signal ends every wait, with its reason */
  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** Those that are not on their way out. */
  get replicas(): readonly Replica[] {
    return this.#replicas.filter(({ leaving }) => !leaving);
  }

  get leaving(): readonly Replica[] {
    return this.#replicas.filter(({ leaving }) => leaving);
  }

  /** All of them, a line each. */
  get lines(): readonly string[] {
    return this.#replicas.map(inWords);
  }

  update(replicas: readonly Replica[]): void {
    this.#replicas = replicas;
    this.#wake();
  }

  /** There will be no more changes to see. */
  fail(error: unknown): void {
    this.#failure = error instanceof Error ? error : new Error(String(error));
    this.#wake();
  }

  /**
   * Waits until the replicas are so.
   * @param what of the sentence "… after 60 s"
   * @returns the clock time at which it was seen, in milliseconds
   * @throws Failure after the time
   */
  async until(what: string, seconds: number, holds: Condition): Promise<number> {
    const deadline = AbortSignal.timeout(seconds * 1000);
    const either = AbortSignal.any([deadline, this.#signal]);
    for (;;) {
      this.#signal.throwIfAborted();
      if (this.#failure !== undefined) throw this.#failure;
      if (holds(this.replicas, this.leaving)) return Date.now();
      if (deadline.aborted) {
        throw new Failure(`${what} after ${String(seconds)} s.`, {
          details: this.lines,
          hint: '`rhizome status` and `rhizome logs` say more.',
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

const inWords = ({ name, ready, leaving, restarts, reason, node }: Replica): string =>
  `${name}${node === undefined ? '' : ` on ${node}`}: ${leaving ? 'leaving' : ready ? 'ready' : 'not ready'}, ${String(restarts)} restarts${reason === undefined ? '' : ` (${reason})`}`;

/** As many as are wanted, all ready. */
export const complete =
  (wanted: number): Condition =>
  (replicas) =>
    replicas.length === wanted && replicas.every(({ ready }) => ready);

/** Complete, and the process that ran is gone. */
export const completeWithout =
  (wanted: number, { name, process }: Replica): Condition =>
  (replicas) =>
    complete(wanted)(replicas, []) && !replicas.some((replica) => replica.name === name && replica.process === process);

/** Complete, and none of them on that node. */
export const completeElsewhere =
  (wanted: number, worker: string): Condition =>
  (replicas, leaving) =>
    complete(wanted)(replicas, leaving) && replicas.every(({ node }) => node !== worker);

/** Asks again and again, where nothing tells of changes. Ends with the signal. */
export function poll(
  watch: ReplicaWatch,
  ask: () => Promise<readonly Replica[]>,
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
