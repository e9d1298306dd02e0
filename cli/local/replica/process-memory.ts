import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Returns what a process has in memory, in bytes; undefined if it has just ended. */
export function residentBytes(pid: number): number | undefined {
  try {
    const kibibytes = Number(process.platform === 'linux' ? fromProc(pid) : fromPs(pid));
    return kibibytes > 0 ? kibibytes * 1024 : undefined;
  } catch {
    return undefined;
  }
}

/** proc(5): `VmRSS:     81234 kB`. A zombie has none. */
const fromProc = (pid: number): string | undefined =>
  /^VmRSS:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];

const fromPs = (pid: number): string => execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' });
