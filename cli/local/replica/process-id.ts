import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** A process that cannot be mistaken for a later one with the same number. */
export interface ProcessId {
  readonly pid: number;
  /** When it started, in the words of the operating system. */
  readonly started: string;
}

/** The process that has this number now; undefined where there is none, or only a zombie. */
export function identify(pid: number): ProcessId | undefined {
  try {
    const { state, started } = process.platform === 'linux' ? fromProc(pid) : fromPs(pid);
    return state.startsWith('Z') ? undefined : { pid, started };
  } catch {
    return undefined;
  }
}

/** proc(5): the second field is the program's name in parentheses, and may hold both blanks and parentheses. */
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

/** Sends a signal, unless the process is gone, though its number may be another's by now. */
export function sendSignal(id: ProcessId, signal: NodeJS.Signals): void {
  if (isRunning(id)) killQuietly(id.pid, signal);
}

/** Ends a replica for good, with all that it has started: each leads a process group of its own. */
export function killGroup(id: ProcessId): void {
  if (isRunning(id)) killQuietly(-id.pid, 'SIGKILL');
}

/** Between the look and the signal it can have ended: ESRCH, or for a group that has only zombies left, on macOS, EPERM. */
export function killQuietly(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ESRCH' && !(code === 'EPERM' && pid < 0)) throw error;
  }
}

/** Waits for the end of all of them; false when one still runs after so many milliseconds. */
export async function ended(ids: readonly ProcessId[], withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  while (ids.some(isRunning)) {
    if (performance.now() > deadline) return false;
    await delay(20);
  }
  return true;
}
