import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { sep } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** Identifies a process, so that it isn't mistaken for a later one with the same ID. */
export interface ProcessId {
  readonly pid: number;
  /** When it started, as the operating system reports it. */
  readonly started: string;
}

/** Returns the process that has this ID now; undefined if there is none, or it is a zombie. */
export function identify(pid: number): ProcessId | undefined {
  try {
    const { state, started } = process.platform === 'linux' ? fromProc(pid) : fromPs(pid);
    return state.startsWith('Z') ? undefined : { pid, started };
  } catch {
    return undefined;
  }
}

/** proc(5): the second field is the program's name in parentheses, and may contain spaces and parentheses. */
function fromProc(pid: number): { state: string; started: string } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '', started: fields[19] ?? '' };
}

function fromPs(pid: number): { state: string; started: string } {
  const line = execFileSync('ps', ['-o', 'state=,lstart=', '-p', String(pid)], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  }).trim();
  const blank = line.indexOf(' ');
  return { state: line.slice(0, blank), started: line.slice(blank).trim() };
}

export function isRunning(id: ProcessId): boolean {
  return identify(id.pid)?.started === id.started;
}

/**
 * Whether a process is one that the local runtime of a project has started: it is this user's and, where the system
 * tells, runs in the project's folder. Files can name any process.
 */
export function belongsTo(id: ProcessId, root: string): boolean {
  if (!isRunning(id)) return false;
  const user = process.getuid?.();
  try {
    if (process.platform !== 'linux') return user === undefined || userFromPs(id.pid) === user;
    if (statSync(`/proc/${id.pid}`).uid !== user) return false;
    const [folder, project] = [readlinkSync(`/proc/${id.pid}/cwd`), realpathSync(root)];
    return folder === project || folder.startsWith(project.endsWith(sep) ? project : `${project}${sep}`);
  } catch {
    // It has just ended, or the system does not let this user look at it.
    return false;
  }
}

function userFromPs(pid: number): number {
  return Number(execFileSync('ps', ['-o', 'uid=', '-p', String(pid)], { encoding: 'utf8' }));
}

/** Sends a signal, unless the process is gone or its ID now belongs to another process. */
export function sendSignal(id: ProcessId, signal: NodeJS.Signals): void {
  if (isRunning(id)) killQuietly(id.pid, signal);
}

/** Kills a replica and the processes that it started, which form a process group. */
export function killGroup(id: ProcessId): void {
  if (isRunning(id)) killQuietly(-id.pid, 'SIGKILL');
}

/** Ignores that the process has just ended: ESRCH, or EPERM on macOS for a group with only zombies left. */
export function killQuietly(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ESRCH' && !(code === 'EPERM' && pid < 0)) throw error;
  }
}

/** Waits until all processes have ended. Returns false if one still runs after the timeout. */
export async function ended(ids: readonly ProcessId[], timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (ids.some(isRunning)) {
    if (performance.now() > deadline) return false;
    await delay(20);
  }
  return true;
}
