import { Failure } from '../../failure.ts';
import type { DaemonMessage, DaemonOptions } from './detach.ts';
import { type LocalRuntime, startLocalRuntime } from '../runtime.ts';
import { stopSignals } from './stop-signals.ts';

// The process behind `rhizome up --detach`. It reports to its parent until every replica is ready, then to its log.
const options = JSON.parse(process.argv[2] ?? '') as DaemonOptions;
const signals = stopSignals();
const abandoned = new AbortController();
process.once('disconnect', () => {
  abandoned.abort();
});

const tell = async (message: DaemonMessage): Promise<void> => {
  await new Promise<void>((resolve) => {
    if (process.connected)
      process.send?.(message, undefined, undefined, () => {
        resolve();
      });
    else resolve();
  });
};

let engine: LocalRuntime | undefined;
try {
  engine = await startLocalRuntime({
    ...options,
    onEvent(event) {
      console.log(`${new Date().toISOString()} ${event.replica} ${event.reason}: ${event.message}`);
      void tell({ kind: 'event', event });
    },
  });
  await engine.waitReady({
    timeoutSeconds: options.timeoutSeconds,
    signal: AbortSignal.any([signals.stop, abandoned.signal]),
  });
  await tell({ kind: 'ready', url: engine.url, grpc: engine.grpc, unsupported: engine.unsupported });
  if (process.connected) process.disconnect();
  await new Promise((resolve) => {
    signals.stop.addEventListener('abort', resolve);
  });
  await engine.stop(signals.now);
} catch (error) {
  await engine?.stop(signals.now);
  const { message, details, hint } =
    error instanceof Failure
      ? error
      : signals.stop.aborted
        ? new Failure('Another `rhizome up` or `rhizome down` ended it before its replicas were ready.', {
            hint: '`rhizome status` says what is up now.',
          })
        : new Failure(String(error));
  await tell({ kind: 'failed', message, details, hint });
  process.exitCode = 1;
}
if (process.connected) process.disconnect();
signals.release();
