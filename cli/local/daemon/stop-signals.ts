/** What a person, a terminal that closes, or `rhizome down` says to a process in the foreground. */
export interface StopSignals {
  /** Aborts with the first signal: end what there is to end, in its time. */
  readonly stop: AbortSignal;
  /** Aborts with the second: at once. */
  readonly now: AbortSignal;
  /** Gives the signals their usual meaning again. */
  release(): void;
}

const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Listens from now on: called before an engine is started, so that none is left behind. */
export function stopSignals(): StopSignals {
  const stop = new AbortController();
  const now = new AbortController();
  const onSignal = (name: NodeJS.Signals): void => {
    if (stop.signal.aborted) now.abort(name);
    else stop.abort(name);
  };
  for (const name of names) process.on(name, onSignal);
  return {
    stop: stop.signal,
    now: now.signal,
    release: () => {
      for (const name of names) process.off(name, onSignal);
    },
  };
}
