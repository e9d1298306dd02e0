import { readdirSync, readFileSync } from 'node:fs';

/** What a process group uses. */
export interface Usage {
  /** Seconds of processor time since its processes started. */
  readonly cpuSeconds: number;
  /** Resident memory in MiB (2^20 bytes). Memory that processes share counts for each. */
  readonly residentMb: number;
  readonly processes: number;
}

/** Linux reports processor time in these units, whatever the kernel's own clock is. */
const TICKS_PER_SECOND = 100;

/** Returns what a process group uses, from Linux's /proc; undefined on other systems. */
export function groupUsage(group: number): Usage | undefined {
  let cpuSeconds = 0;
  let residentMb = 0;
  let processes = 0;
  for (const pid of processIds()) {
    const stat = readStat(pid);
    if (stat?.group !== group) continue;
    processes += 1;
    cpuSeconds += stat.ticks / TICKS_PER_SECOND;
    residentMb += residentKilobytes(pid) / 1024;
  }
  return processes === 0 ? undefined : { cpuSeconds, residentMb, processes };
}

function processIds(): string[] {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}

function readStat(pid: string): { readonly group: number; readonly ticks: number } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in parentheses, which may contain spaces: proc_pid_stat(5).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { group: Number(fields[2]), ticks: Number(fields[11]) + Number(fields[12]) };
  } catch {
    return undefined; // It has ended.
  }
}

function residentKilobytes(pid: string): number {
  try {
    return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
