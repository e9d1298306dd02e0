import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { ServiceError } from '../errors.ts';
import type { TokenKey } from './key-set.ts';

export interface KeyServerTimes {
  /** How often the keys are fetched. */
  readonly refreshSeconds: number;
  /** How long to wait after a failure. */
  readonly retrySeconds: number;
  /** How soon after the last attempt a token with an unknown key may cause another one. */
  readonly pauseSeconds: number;
  /** How long a token with an unknown key may wait until then. */
  readonly mostWaitSeconds: number;
  /** How long keys stay valid while the key server does not respond. */
  readonly mostAgeSeconds: number;
}

export const keyServerTimes: KeyServerTimes = {
  refreshSeconds: 300,
  retrySeconds: 10,
  pauseSeconds: 5,
  mostWaitSeconds: 5,
  mostAgeSeconds: 24 * 60 * 60,
};

/** So many tokens may wait at once: strangers can send as many with unknown keys as they like. */
const MOST_WAITING = 64;

/** What metrics show of the key server. */
export interface KeyServerState {
  readonly fetches: { ok: number; failed: number };
  /** Seconds since the keys were last fetched; undefined if they never were. */
  readonly ageSeconds: () => number | undefined;
}

/**
 * Keeps the public keys that verify tokens. They are fetched at the start, regularly, and for a token with an unknown
 * key, though never more often than `pauseSeconds`: such tokens wait for the next time. While the key server does not
 * respond, the keys stay.
 */
export class KeyServer implements KeyServerState {
  readonly fetches = { ok: 0, failed: 0 };
  readonly #fetch: (signal: AbortSignal) => Promise<ReadonlyMap<string, TokenKey>>;
  readonly #logger: Logger;
  readonly #times: KeyServerTimes;
  #keys: ReadonlyMap<string, TokenKey> = new Map();
  #fetching: Promise<void> | undefined;
  #fetchedAt: number | undefined;
  #triedAt = -Infinity;
  #failed = false;
  #timer: NodeJS.Timeout | undefined;
  /** Ends with the pause, when the keys have been fetched again. */
  #pause: Promise<void> | undefined;
  #waiting = 0;
  readonly #stop = new AbortController();

  /** @param fetch fetches the keys, within a few seconds */
  constructor(
    fetch: (signal: AbortSignal) => Promise<ReadonlyMap<string, TokenKey>>,
    logger: Logger,
    times: Partial<KeyServerTimes> = {},
  ) {
    this.#fetch = fetch;
    this.#logger = logger;
    this.#times = { ...keyServerTimes, ...times };
  }

  /** Fetches the keys now and regularly. Nobody waits for it: the service is ready without them. */
  start(): void {
    void this.#refresh();
  }

  stop(): void {
    this.#stop.abort();
    clearTimeout(this.#timer);
  }

  readonly ageSeconds = (): number | undefined =>
    this.#fetchedAt === undefined ? undefined : (performance.now() - this.#fetchedAt) / 1000;

  /**
   * Returns a key; undefined if the key server has none of this id.
   *
   * @throws {ServiceError} `keys-unavailable` if the key server does not respond, or may not be asked soon enough, so
   *   that nobody knows
   */
  async find(id: string): Promise<TokenKey | undefined> {
    const known = this.#keys.get(id);
    if (known !== undefined) return known;
    if (this.#fetching !== undefined) await this.#fetching;
    else await this.#fetchAgain();
    const key = this.#keys.get(id);
    if (key === undefined && (this.#failed || this.#stop.signal.aborted)) throw unavailable();
    return key;
  }

  /** Fetches the keys as soon as that is allowed. @throws {ServiceError} `keys-unavailable` */
  async #fetchAgain(): Promise<void> {
    const { pauseSeconds, mostWaitSeconds } = this.#times;
    const milliseconds = this.#triedAt + pauseSeconds * 1000 - performance.now();
    if (milliseconds <= 0) return this.#refresh();
    if (this.#failed || milliseconds > mostWaitSeconds * 1000 || this.#waiting >= MOST_WAITING) throw unavailable();
    this.#pause ??= this.#afterPause(milliseconds).finally(() => {
      this.#pause = undefined;
    });
    this.#waiting++;
    await this.#pause;
    this.#waiting--;
  }

  async #afterPause(milliseconds: number): Promise<void> {
    const { signal } = this.#stop;
    const triedAt = this.#triedAt;
    await delay(milliseconds, undefined, { signal, ref: false }).catch(() => undefined);
    if (signal.aborted) return;
    // The keys may have been fetched meanwhile, as they are regularly.
    await (this.#triedAt === triedAt ? this.#refresh() : this.#fetching);
  }

  /** Fetches the keys; once for all who wait. */
  #refresh(): Promise<void> {
    return (this.#fetching ??= this.#fetchKeys().finally(() => {
      this.#fetching = undefined;
    }));
  }

  async #fetchKeys(): Promise<void> {
    this.#triedAt = performance.now();
    clearTimeout(this.#timer);
    try {
      this.#replace(await this.#fetch(this.#stop.signal));
      this.fetches.ok += 1;
      this.#fetchedAt = performance.now();
      if (this.#failed) this.#logger.info('The keys of tokens can be fetched again');
      this.#failed = false;
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      this.fetches.failed += 1;
      const age = this.ageSeconds();
      if (!this.#failed) this.#logger.error({ err: error, age_seconds: age }, 'The keys of tokens cannot be fetched');
      this.#failed = true;
      if (age !== undefined && age > this.#times.mostAgeSeconds) this.#replace(new Map());
    }
    if (this.#stop.signal.aborted) return;
    const { refreshSeconds, retrySeconds } = this.#times;
    const seconds = this.#failed ? retrySeconds : refreshSeconds;
    this.#timer = setTimeout(() => void this.#refresh(), seconds * 1000).unref();
  }

  /** Keeps what is the same in both, and retires what is gone. */
  #replace(fetched: ReadonlyMap<string, TokenKey>): void {
    const before = this.#keys;
    this.#keys = new Map(
      [...fetched].map(([id, key]) => {
        const known = before.get(id);
        return [id, known?.text === key.text ? known : key] as const;
      }),
    );
    let changed = this.#keys.size !== before.size;
    for (const [id, key] of before) {
      if (this.#keys.get(id) === key) continue;
      key.retired = true;
      changed = true;
    }
    if (changed || this.#fetchedAt === undefined)
      this.#logger.info({ keys: [...this.#keys.keys()] }, 'The keys of tokens have changed');
  }
}

const unavailable = (): ServiceError =>
  new ServiceError('keys-unavailable', 'The keys that verify tokens cannot be fetched now. Try again later.');
