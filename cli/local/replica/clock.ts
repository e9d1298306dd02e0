import { setTimeout as delay } from 'node:timers/promises';

/** A clock, so that a test of a five-minute back-off doesn't take five minutes. All times are in milliseconds. */
export interface Clock {
  /** Only differences are meaningful. */
  now(): number;
  /** Resolves after that time, or as soon as the signal aborts. Never rejects. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  async sleep(ms, signal) {
    await delay(ms, undefined, { signal }).catch(() => undefined);
  },
};
