import { setTimeout as delay } from 'node:timers/promises';

/** Time, so that a test of a five-minute back-off does not take five minutes. All times are in milliseconds. */
export interface Clock {
  /** Only differences mean something. */
  now(): number;
  /** Resolves after that time, or as soon as the signal aborts; never rejects. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  async sleep(ms, signal) {
    await delay(ms, undefined, { signal }).catch(() => undefined);
  },
};
