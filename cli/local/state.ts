import { closeSync, constants, renameSync, rmSync, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ReplicaStatus } from '../deployment-status.ts';
import { Failure } from '../failure.ts';
import { checkFolder, createPrivateFile, createPrivateFolder, exposed } from './private-files.ts';
import type { ReplicaEvent } from './replica/replica-event.ts';
import { isRunning, type ProcessId } from './replica/process-id.ts';

/** What runs, in a file for other commands to read. The file is always complete. */
export interface RuntimeState {
  readonly supervisor: ProcessId;
  readonly url: string;
  /** Host and port of gRPC. */
  readonly grpc?: string;
  readonly graceSeconds: number;
  readonly replicas: readonly ReplicaState[];
  /** The last events. */
  readonly events?: readonly NumberedEvent[];
}

/** An event with its number, so that readers can tell which ones are new. */
export interface NumberedEvent extends ReplicaEvent {
  readonly number: number;
}

export interface ReplicaState {
  readonly status: ReplicaStatus;
  readonly process?: ProcessId;
  /** This machine's port for its metrics. */
  readonly managementPort?: number;
}

/** The files of a project's local runtime. `rhizome down` deletes `folder`. */
export function localPaths(root: string) {
  const folder = join(root, '.rhizome', 'local');
  return {
    folder,
    state: join(folder, 'state.json'),
    logs: join(folder, 'logs'),
    daemonLog: join(folder, 'daemon.log'),
    /** Which command stops it. */
    stopper: join(folder, 'stopper.json'),
    // Outside of `folder`, since compiled code halves the time that a start takes, and so a killed replica's return.
    compileCache: join(root, '.rhizome', 'compile-cache'),
  } as const;
}

export function replicaLog(root: string, name: string): string {
  return join(localPaths(root).logs, `${name}.log`);
}

/** Creates the folder of the local runtime, for this user alone. @throws {Failure} if it is another's */
export function createFolder(root: string): void {
  const { folder } = localPaths(root);
  createPrivateFolder(dirname(folder));
  createPrivateFolder(folder);
}

/** Deletes the files of the local runtime. @throws {Failure} if they are another's */
export function removeFolder(root: string): void {
  const { folder } = localPaths(root);
  checkFolder(dirname(folder));
  rmSync(folder, { recursive: true, force: true });
}

/** Synchronous, so that no process runs without its ID being recorded. */
export function writeState(root: string, state: RuntimeState): void {
  const { state: path } = localPaths(root);
  createFolder(root);
  // Not an older file with the mode that it had.
  rmSync(`${path}.new`, { force: true });
  const file = createPrivateFile(`${path}.new`);
  try {
    writeSync(file, `${JSON.stringify(state, null, 2)}\n`);
  } finally {
    closeSync(file);
  }
  renameSync(`${path}.new`, path);
}

/**
 * Returns undefined if nothing was started, or everything was stopped.
 *
 * @throws {Failure} if others could have written the state: `down` would stop what they name
 */
export async function readState(root: string): Promise<RuntimeState | undefined> {
  const { folder, state: path } = localPaths(root);
  for (const each of [dirname(folder), folder]) checkFolder(each);
  let file;
  try {
    // Without waiting for the other end of a FIFO.
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    if (code === 'ELOOP') throw untrusted('is a link', cause);
    throw cause;
  }
  try {
    const problem = exposed(await file.stat());
    if (problem === 'is not a regular file') throw untrusted(problem);
    const state = parse(await file.readFile('utf8'));
    if (problem === undefined) return state;
    // Earlier versions wrote a file that others can read. Nothing is left of what ran then.
    const processes = [state.supervisor, ...state.replicas.flatMap((replica) => replica.process ?? [])];
    if (!processes.some(isRunning)) return undefined;
    throw untrusted(problem);
  } finally {
    await file.close();
  }
}

function untrusted(problem: string, cause?: unknown): Failure {
  return new Failure(
    `.rhizome/local/state.json ${problem}, so rhizome does not trust what it says about running processes.`,
    {
      cause,
      hint: 'If the processes in it are yours: chmod 600 .rhizome/local/state.json. Otherwise delete .rhizome/local.',
    },
  );
}

function parse(text: string): RuntimeState {
  let state: unknown;
  try {
    state = JSON.parse(text);
  } catch (cause) {
    throw untrusted('is not JSON', cause);
  }
  if (!isState(state)) throw untrusted('is not what rhizome writes');
  return state;
}

function isState(value: unknown): value is RuntimeState {
  const { supervisor, url, graceSeconds, replicas } = (value ?? {}) as Partial<RuntimeState>;
  return (
    isProcessId(supervisor) &&
    typeof url === 'string' &&
    typeof graceSeconds === 'number' &&
    Array.isArray(replicas) &&
    (replicas as readonly Partial<ReplicaState>[]).every(
      ({ status, process: id, managementPort: port }) =>
        // It names a log file.
        typeof status?.name === 'string' &&
        /^[\w-][\w.-]*$/.test(status.name) &&
        (id === undefined || isProcessId(id)) &&
        (port === undefined || typeof port === 'number'),
    )
  );
}

/** A negative number stands for a group of processes. */
function isProcessId(value: unknown): value is ProcessId {
  const { pid, started } = (value ?? {}) as Partial<ProcessId>;
  return Number.isSafeInteger(pid) && (pid ?? 0) >= 0 && typeof started === 'string';
}

export function removeState(root: string): void {
  rmSync(localPaths(root).state, { force: true });
}
