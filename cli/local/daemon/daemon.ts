import { Failure } from '../../failure.ts';
import type { DaemonMessage, DaemonOptions } from './detach.ts';
import { type LocalRuntime, startLocalRuntime } from '../runtime.ts';
import { stopSignals } from './stop-signals.ts';

// The process behind `rhizome up --detach`. It reports to its parent until every replica is ready, and to its log.
const options = JSON.parse(process.argv[2] ?? '') as DaemonOptions;
const signals = stopSignals();
const abandoned = new AbortController();
process.once('disconnect', () => {
  abandoned.abort();
});

const send = async (message: DaemonMessage): Promise<void> => {
  await new Promise<void>((resolve) => {
    if (process.connected)
      process.send?.(message, undefined, undefined, () => {
        resolve();
      });
    else resolve();
  });
};

let runtime: LocalRuntime | undefined;
try {
  runtime = await startLocalRuntime({
    ...options,
    onEvent(event) {
      console.log(`${new Date().toISOString()} ${event.replica} ${event.reason}: ${event.message}`);
      void send({ kind: 'event', event });
    },
  });
  await runtime.waitReady({
    timeoutSeconds: options.timeoutSeconds,
    signal: AbortSignal.any([signals.stop, abandoned.signal]),
  });
  await send({ kind: 'ready', url: runtime.url, grpc: runtime.grpc, unsupported: runtime.unsupported });
  if (process.connected) process.disconnect();
  await new Promise((resolve) => {
    signals.stop.addEventListener('abort', resolve);
  });
  await runtime.stop(signals.now);
} catch (error) {
  await runtime?.stop(signals.now);
  const { message, details, hint } =
    error instanceof Failure
      ? error
      : signals.stop.aborted
        ? new Failure('Another `rhizome up` or `rhizome down` stopped it before its replicas were ready.', {
            hint: 'To see what is running now: rhizome status',
          })
        : new Failure(String(error));
  await send({ kind: 'failed', message, details, hint });
  process.exitCode = 1;
}
if (process.connected) process.disconnect();
signals.release();
