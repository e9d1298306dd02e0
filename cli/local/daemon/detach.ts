import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { resolve } from 'node:path';
import { Failure } from '../../failure.ts';
import { program } from '../../own-package.ts';
import type { LocalOptions } from '../runtime.ts';
import { grpcPort as grpcContainerPort, readWorkload } from '../manifests/workload.ts';
import type { UnsupportedFields } from '../manifests/unsupported-fields.ts';
import { lastLines } from '../log-file.ts';
import { stopPrevious } from '../stop.ts';
import type { ReplicaEvent } from '../replica/replica.ts';
import { localPaths } from '../state.ts';

export interface DetachOptions extends Omit<LocalOptions, 'clock'> {
  readonly timeoutSeconds: number;
  /** Gives up: what was started is ended again. */
  readonly signal?: AbortSignal;
}

export interface DetachedRuntime {
  readonly url: string;
  readonly grpc: string | undefined;
  readonly unsupported: readonly UnsupportedFields[];
  /** Of the engine's process. */
  readonly pid: number;
}

/** What the daemon is told, as its one argument. */
export type DaemonOptions = Pick<DetachOptions, 'manifests' | 'root' | 'port' | 'grpcPort' | 'timeoutSeconds'>;

/** What the daemon says on the way. */
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
 * Starts the engine in a process that outlives this one and its terminal. Resolves when every replica is ready.
 * @throws Failure as `startLocalRuntime` and `waitReady` do; nothing runs then. The signal's reason when that aborts.
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
  const { folder, daemonLog } = localPaths(root);
  mkdirSync(folder, { recursive: true });
  const log = openSync(daemonLog, 'w');
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
    // Not `exit`, which can come before its last message.
    daemon.once('disconnect', () => {
      reject(
        new Failure('The local engine ended before its replicas were ready.', {
          details: lastLines(daemonLog, 10),
          hint: 'Run `rhizome up` without --detach to watch it.',
        }),
      );
    });
  });
  // The daemon ends by itself when this end of the channel is gone before it is ready.
  const giveUp = (): void => {
    if (daemon.connected) daemon.disconnect();
  };
  if (signal?.aborted === true) giveUp();
  signal?.addEventListener('abort', giveUp, { once: true });
  try {
    return await ready;
  } catch (error) {
    if (daemon.exitCode === null && daemon.signalCode === null && daemon.pid !== undefined) await once(daemon, 'exit');
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', giveUp);
    giveUp();
    daemon.unref();
  }
}
