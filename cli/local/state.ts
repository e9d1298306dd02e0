import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ReplicaStatus } from '../deployment-status.ts';
import type { ProcessId } from './replica/process-id.ts';

/** What runs, in a file for other commands to read. The file is always complete. */
export interface RuntimeState {
  readonly supervisor: ProcessId;
  readonly url: string;
  /** Host and port of gRPC. */
  readonly grpc?: string;
  readonly graceSeconds: number;
  readonly replicas: readonly { readonly status: ReplicaStatus; readonly process?: ProcessId }[];
}

/** The files of a project's local runtime. `rhizome down` deletes `folder`. */
export function localPaths(root: string) {
  const folder = join(root, '.rhizome', 'local');
  return {
    folder,
    state: join(folder, 'state.json'),
    logs: join(folder, 'logs'),
    daemonLog: join(folder, 'daemon.log'),
    // Outside of `folder`, since compiled code halves the time that a start takes, and so a killed replica's return.
    compileCache: join(root, '.rhizome', 'compile-cache'),
  } as const;
}

export function replicaLog(root: string, name: string): string {
  return join(localPaths(root).logs, `${name}.log`);
}

/** Synchronous, so that no process runs without its ID being recorded. */
export function writeState(root: string, state: RuntimeState): void {
  const { folder, state: path } = localPaths(root);
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${path}.new`, `${JSON.stringify(state, null, 2)}\n`);
  renameSync(`${path}.new`, path);
}

/** Undefined if nothing was started, or everything was stopped. */
export async function readState(root: string): Promise<RuntimeState | undefined> {
  try {
    return JSON.parse(await readFile(localPaths(root).state, 'utf8')) as RuntimeState;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

export function removeState(root: string): void {
  rmSync(localPaths(root).state, { force: true });
}
