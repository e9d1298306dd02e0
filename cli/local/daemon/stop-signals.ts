/** Signals from Ctrl-C, a closing terminal or `rhizome down`. */
export interface StopSignals {
  /** Aborts at the first signal: shut down gracefully. */
  readonly stop: AbortSignal;
  /** Aborts at the second signal: shut down at once. */
  readonly now: AbortSignal;
  /** Restores the signals' default behaviour. */
  release(): void;
}

const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Starts to listen. To be called before the local runtime starts, so that none is left behind. */
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
