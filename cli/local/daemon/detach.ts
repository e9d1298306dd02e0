import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { resolve } from 'node:path';
import { Failure } from '../../failure.ts';
import { program } from '../../own-package.ts';
import type { LocalOptions } from '../runtime.ts';
import { grpcPort as grpcContainerPort, readWorkload } from '../manifests/workload.ts';
import type { UnsupportedFields } from '../manifests/unsupported-fields.ts';
import { lastLines } from '../log-file.ts';
import { stopPrevious } from '../stop.ts';
import type { ReplicaEvent } from '../replica/replica-event.ts';
import { createPrivateFile } from '../private-files.ts';
import { createFolder, localPaths } from '../state.ts';

export interface DetachOptions extends Omit<LocalOptions, 'clock'> {
  readonly timeoutSeconds: number;
  /** Stops what was started. */
  readonly signal?: AbortSignal;
}

export interface DetachedRuntime {
  readonly url: string;
  readonly grpc: string | undefined;
  readonly unsupported: readonly UnsupportedFields[];
  /** Process ID of the local runtime. */
  readonly pid: number;
}

/** The daemon's only argument. */
export type DaemonOptions = Pick<DetachOptions, 'manifests' | 'root' | 'port' | 'grpcPort' | 'timeoutSeconds'>;

/** A message from the daemon while it starts. */
export type DaemonMessage =
  | { readonly kind: 'event'; readonly event: ReplicaEvent }
  | {
      readonly kind: 'ready';
      readonly url: string;
      readonly grpc: string | undefined;
      readonly unsupported: readonly UnsupportedFields[];
    }
  | {
      readonly kind: 'failed';
      readonly message: string;
      readonly details: readonly string[];
      readonly hint: string | undefined;
    };

/**
 * Starts the local runtime in a process that outlives this one and its terminal. Resolves when every replica is ready.
 * @throws {Failure} as `startLocalRuntime` and `waitReady` do; then nothing runs
 * @throws the signal's reason if it aborts
 */
export async function detach({
  manifests,
  root,
  port,
  grpcPort,
  timeoutSeconds,
  onEvent,
  signal,
}: DetachOptions): Promise<DetachedRuntime> {
  await stopPrevious(
    root,
    port,
    grpcContainerPort(readWorkload(resolve(root, manifests))) === undefined ? undefined : grpcPort,
  );
  const { daemonLog } = localPaths(root);
  createFolder(root);
  const log = createPrivateFile(daemonLog);
  const options: DaemonOptions = { manifests, root, port, grpcPort, timeoutSeconds };
  const daemon = spawn(process.execPath, [program('cli/local/daemon/daemon'), JSON.stringify(options)], {
    cwd: root,
    env: { NODE_COMPILE_CACHE: localPaths(root).compileCache, ...process.env },
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
  });
  closeSync(log);

  const ready = new Promise<DetachedRuntime>((settle, reject) => {
    daemon.on('message', (message: DaemonMessage) => {
      if (message.kind === 'event') onEvent(message.event);
      else if (message.kind === 'ready')
        settle({ url: message.url, grpc: message.grpc, unsupported: message.unsupported, pid: daemon.pid ?? 0 });
      else
        reject(
          new Failure(
            message.message,
            message.hint === undefined
              ? { details: message.details }
              : { details: message.details, hint: message.hint },
          ),
        );
    });
    daemon.once('error', reject);
    // Not `exit`, which can arrive before the last message.
    daemon.once('disconnect', () => {
      reject(
        new Failure('The local runtime exited before its replicas were ready.', {
          details: lastLines(daemonLog, 10),
          hint: 'Run `rhizome up` without --detach to see why.',
        }),
      );
    });
  });
  // The daemon exits if this end of the channel closes before it is ready.
  const abandon = (): void => {
    if (daemon.connected) daemon.disconnect();
  };
  if (signal?.aborted === true) abandon();
  signal?.addEventListener('abort', abandon, { once: true });
  try {
    return await ready;
  } catch (error) {
    if (daemon.exitCode === null && daemon.signalCode === null && daemon.pid !== undefined) await once(daemon, 'exit');
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', abandon);
    abandon();
    daemon.unref();
  }
}
