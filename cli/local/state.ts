import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ReplicaStatus } from '../deployment-status.ts';
import type { ProcessId } from './replica/process-id.ts';

/** What is up, for other commands to find: in a file that is always whole. */
export interface State {
  readonly supervisor: ProcessId;
  readonly url: string;
  /** Host and port of gRPC. */
  readonly grpc?: string;
  readonly graceSeconds: number;
  readonly replicas: readonly { readonly status: ReplicaStatus; readonly process?: ProcessId }[];
}

/** Where the engine of a project keeps what it knows. `folder` goes with `rhizome down`. */
export function localPaths(root: string) {
  const folder = join(root, '.rhizome', 'local');
  return {
    folder,
    state: join(folder, 'state.json'),
    logs: join(folder, 'logs'),
    daemonLog: join(folder, 'daemon.log'),
    // Outlives it: compiled code halves what a start costs, which is what a killed replica's return waits for.
    compileCache: join(root, '.rhizome', 'compile-cache'),
  } as const;
}

export function replicaLog(root: string, name: string): string {
  return join(localPaths(root).logs, `${name}.log`);
}

/** Synchronous: no process may run for a moment without its number being on record. */
export function writeState(root: string, state: State): void {
  const { folder, state: path } = localPaths(root);
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${path}.new`, `${JSON.stringify(state, null, 2)}\n`);
  renameSync(`${path}.new`, path);
}

/** Undefined where nothing was started, or all of it has ended well. */
export async function readState(root: string): Promise<State | undefined> {
  try {
    return JSON.parse(await readFile(localPaths(root).state, 'utf8')) as State;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

export function removeState(root: string): void {
  rmSync(localPaths(root).state, { force: true });
}
