import { readdirSync, readFileSync } from 'node:fs';

/** What a process and everything that it has started use. */
export interface Usage {
  /** Seconds of processor time since the processes started. */
  readonly cpuSeconds: number;
  /** Resident memory in MB (2^20 bytes). Memory that processes share counts for each. */
  readonly residentMb: number;
}

/** Linux reports processor time in these units, whatever the kernel's own clock is. */
const TICKS_PER_SECOND = 100;

interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly ticks: number;
}

/** Returns the ids of a process, its group and all descendants, from Linux's /proc; on other systems only its own. */
export function processTree(root: number): readonly number[] {
  const stats = readStats();
  const tree = new Set([root]);
  for (let size = 0; size < tree.size;) {
    size = tree.size;
    // A descendant may have a group of its own.
    for (const { pid, parent, group } of stats) if (tree.has(parent) || group === root) tree.add(pid);
  }
  return [...tree];
}

/** Returns what processes use together; undefined if this is not Linux. */
export function usageOf(pids: readonly number[]): Usage | undefined {
  const stats = readStats().filter(({ pid }) => pids.includes(pid));
  if (stats.length === 0) return undefined;
  return {
    cpuSeconds: stats.reduce((sum, { ticks }) => sum + ticks / TICKS_PER_SECOND, 0),
    residentMb: stats.reduce((sum, { pid }) => sum + residentKilobytes(pid) / 1024, 0),
  };
}

function readStats(): readonly ProcessStat[] {
  try {
    return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? (readStat(Number(name)) ?? []) : []));
  } catch {
    return [];
  }
}

function readStat(pid: number): ProcessStat | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in parentheses, which may contain spaces: proc_pid_stat(5).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [parent, group, user, system] = [1, 2, 11, 12].map((index) => Number(fields[index]));
    if (parent === undefined || group === undefined || user === undefined || system === undefined) return undefined;
    return { pid, parent, group, ticks: user + system };
  } catch {
    return undefined; // It has ended.
  }
}

function residentKilobytes(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
