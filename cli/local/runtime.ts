import { EventEmitter, once } from 'node:events';
import { rmSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import type { DeploymentStatus } from '../deployment-status.ts';
import { Balancer } from './balancer.ts';
import { type Clock, systemClock } from './replica/clock.ts';
import { stopPrevious } from './stop.ts';
import { grpcPort as grpcContainerPort, readWorkload } from './manifests/workload.ts';
import { notReady } from './not-ready.ts';
import { identify, killGroup } from './replica/process-id.ts';
import type { ReplicaEvent } from './replica/replica-event.ts';
import { createFolder, localPaths, removeState, replicaLog, writeState, type NumberedEvent } from './state.ts';
import { LocalReplicas } from './replicas.ts';
import { type UnsupportedFields, unsupportedFields } from './manifests/unsupported-fields.ts';

/** Enough for what happens between two looks of a board. */
const keptEvents = 50;

export interface LocalOptions {
  /** Path of the synthesized manifests, relative to the root. */
  readonly manifests: string;
  /** The project's folder: the replicas' working directory, which also contains `.rhizome/local`. */
  readonly root: string;
  /** Port of the Service on localhost; 0 picks a free one. */
  readonly port: number;
  /** Port of gRPC on localhost, if the Service has a port `grpc`; 0 picks a free one. */
  readonly grpcPort: number;
  readonly onEvent: (event: ReplicaEvent) => void;
  /** @default the system clock */
  readonly clock?: Clock;
}

export interface LocalRuntime {
  /** Without a trailing slash. */
  readonly url: string;
  /** Host and port of gRPC; undefined if the Service has no port `grpc`. */
  readonly grpc: string | undefined;
  /** What the manifests contain and the local runtime ignores. */
  readonly unsupported: readonly UnsupportedFields[];
  status(): DeploymentStatus;
  /**
   * Resolves when every replica is ready.
   * @throws {Failure} with the last log lines, after the timeout, or as soon as a replica crashes repeatedly or reports
   *   that it will not become ready
   * @throws the signal's reason if it aborts
   */
  waitReady(options: { readonly timeoutSeconds: number; readonly signal?: AbortSignal }): Promise<void>;
  /** Starts every replica anew, with the files as they are now. */
  replace(): void;
  /**
   * Stops the replicas, and starts those of the manifests as they are now. The ports stay open.
   * @throws {Failure} if the manifests cannot run
   */
  reload(): Promise<void>;
  /** Stops the replicas within their grace period, or at once if the signal aborts. Can be called more than once. */
  stop(now?: AbortSignal): Promise<void>;
}

/**
 * Runs the Deployments of the manifests as processes of this machine, after stopping those that run for this folder.
 * Resolves when the Service's port listens and the replicas are starting.
 * @throws {Failure} if the manifests cannot run or a port is in use; then nothing runs
 */
export async function startLocalRuntime({
  manifests: path,
  root,
  port,
  grpcPort,
  onEvent,
  clock = systemClock,
}: LocalOptions): Promise<LocalRuntime> {
  let manifests = readWorkload(resolve(root, path));
  let grpcTarget = grpcContainerPort(manifests);
  await stopPrevious(root, port, grpcTarget === undefined ? undefined : grpcPort);

  const events: NumberedEvent[] = [];
  const changes = new EventEmitter().setMaxListeners(0);
  let supervisor: LocalReplicas | undefined;
  const balancer = new Balancer(() => supervisor?.endpoints() ?? []);
  const grpcBalancer = new Balancer(() => (grpcTarget === undefined ? [] : (supervisor?.endpoints(grpcTarget) ?? [])));
  const balancers = [balancer, grpcBalancer];
  const close = (): void => {
    for (const each of balancers) each.close();
  };
  const url = `http://localhost:${await balancer.listen(port)}`;
  const grpc =
    grpcTarget === undefined
      ? undefined
      : `localhost:${await grpcBalancer.listen(grpcPort, '--grpc-port').catch((error: unknown) => {
          close();
          throw error;
        })}`;
  const self = identify(process.pid) ?? { pid: process.pid, started: '' };

  const record = (): void => {
    if (supervisor === undefined) return;
    const { replicas, graceSeconds } = supervisor;
    const rows = replicas.map((replica) => ({
      status: replica.status(),
      ...(replica.id === undefined ? {} : { process: replica.id }),
      ...(replica.managementPort === undefined ? {} : { managementPort: replica.managementPort }),
    }));
    try {
      writeState(root, {
        supervisor: self,
        url,
        ...(grpc === undefined ? {} : { grpc }),
        graceSeconds,
        replicas: rows,
        events,
      });
    } catch (error) {
      // A full disk must not stop the replicas.
      process.emitWarning(`The local runtime cannot write its state: ${String(error)}`);
    }
    changes.emit('change');
  };
  const showEvent = (event: ReplicaEvent): void => {
    events.push({ ...event, number: (events.at(-1)?.number ?? 0) + 1 });
    events.splice(0, events.length - keptEvents);
    record();
    onEvent(event);
  };
  const start = (): LocalReplicas =>
    new LocalReplicas({ manifests, root, logs: localPaths(root).logs, clock, onEvent: showEvent, onChange: record });
  try {
    createFolder(root);
    rmSync(localPaths(root).logs, { recursive: true, force: true });
    supervisor = start();
  } catch (error) {
    close();
    throw error;
  }
  let running = supervisor;
  let reloading: Promise<void> | undefined;
  record();

  // Not even a bug in this process may leave replicas behind.
  const lastResort = (): void => {
    for (const { id } of running.replicas) if (id !== undefined) killGroup(id);
  };
  process.once('exit', lastResort);

  const killNow = new AbortController();
  let stopped: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    close();
    await reloading?.catch(() => undefined);
    await running.stop(killNow.signal);
    for (const each of balancers) each.destroy();
    process.off('exit', lastResort);
    removeState(root);
  };

  return {
    url,
    grpc,
    get unsupported() {
      return unsupportedFields(manifests);
    },
    status: () => running.status(),
    async waitReady({ timeoutSeconds, signal }) {
      const deadline = AbortSignal.timeout(timeoutSeconds * 1000);
      const either = signal === undefined ? deadline : AbortSignal.any([deadline, signal]);
      for (;;) {
        signal?.throwIfAborted();
        const status = running.status();
        if (status.ready === status.wanted) return;
        const pointless = running.replicas.some((replica) => replica.cannotBecomeReady);
        if (pointless || deadline.aborted) {
          throw notReady(status, pointless ? undefined : timeoutSeconds, (name) =>
            relative(process.cwd(), replicaLog(root, name)),
          );
        }
        await once(changes, 'change', { signal: either }).catch(() => undefined);
      }
    },
    replace() {
      for (const replica of running.replicas) replica.replace();
    },
    async reload() {
      const next = readWorkload(resolve(root, path));
      reloading = running.stop(killNow.signal).then(() => {
        // Ctrl-C in the meantime: nothing must start any more.
        if (stopped !== undefined) return;
        manifests = next;
        grpcTarget = grpcContainerPort(next);
        supervisor = running = start();
        record();
      });
      await reloading;
    },
    async stop(now) {
      const atOnce = (): void => {
        killNow.abort();
      };
      if (now?.aborted === true) atOnce();
      now?.addEventListener('abort', atOnce, { once: true });
      stopped ??= stop();
      await stopped;
    },
  };
}
