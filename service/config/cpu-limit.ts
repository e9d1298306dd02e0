import { availableParallelism, cpus } from 'node:os';
import { cgroupLimits, readGroupFile } from './cgroups.ts';

export interface Machine {
  /** The root of the file system with /proc and /sys. @default '/' */
  readonly root?: string;
  /** The processors that the operating system shows. @default `os.cpus().length` */
  readonly processors?: number;
}

/**
 * Returns how many processors this process may use, at least 1: the CPU limit of its container, rounded up, or all
 * processors if there is no limit. Node's own `availableParallelism` ignores limits below 1 and rounds the others down
 * (nodejs/node #59200).
 */
export function cpuLimit({ root = '/', processors = cpus().length }: Machine = {}): number {
  const limits = cgroupLimits(root, 'cpu', quota);
  if (limits.length === 0) return Math.max(1, Math.min(availableParallelism(), processors));
  return Math.max(1, Math.min(Math.ceil(Math.min(...limits)), processors));
}

/** Returns the limit of one group, in processors; undefined if it has none. */
function quota(folder: string): number | undefined {
  const [most, period = '100000'] =
    readGroupFile(folder, 'cpu.max')?.split(' ') ??
    ['cpu.cfs_quota_us', 'cpu.cfs_period_us'].map((file) => readGroupFile(folder, file));
  const limit = Number(most) / Number(period);
  // 'max' in version 2, -1 in version 1.
  return limit > 0 && Number.isFinite(limit) ? limit : undefined;
}
