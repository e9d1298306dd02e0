import { readFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { dirname, join } from 'node:path';

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
  const limits = cgroups(root).flatMap(({ folder, path }) =>
    withParents(path).flatMap((each) => quota(join(root, folder, each)) ?? []),
  );
  if (limits.length === 0) return Math.max(1, Math.min(availableParallelism(), processors));
  return Math.max(1, Math.min(Math.ceil(Math.min(...limits)), processors));
}

interface Cgroup {
  /** Where the hierarchy is mounted. */
  readonly folder: string;
  readonly path: string;
}

/** Returns the groups of this process that can limit the CPU: the one of version 2, and that of version 1. */
function cgroups(root: string): Cgroup[] {
  const lines = (read(join(root, 'proc/self/cgroup')) ?? '').split('\n');
  return lines.flatMap((line): Cgroup[] => {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined) return [];
    if (controllers === '') return [{ folder: 'sys/fs/cgroup', path }];
    return controllers.split(',').includes('cpu')
      ? [
          { folder: `sys/fs/cgroup/${controllers}`, path },
          { folder: 'sys/fs/cgroup/cpu', path },
        ]
      : [];
  });
}

/**
 * Returns a path and the paths above it, since every group of a hierarchy can have a limit. A container sees its own
 * group at the top, whatever the path says.
 */
function withParents(path: string): string[] {
  return path === '/' || path === '.' ? ['/'] : [path, ...withParents(dirname(path))];
}

/** Returns the limit of one group, in processors; undefined if it has none. */
function quota(folder: string): number | undefined {
  const [most, period = '100000'] =
    read(join(folder, 'cpu.max'))?.trim().split(' ') ??
    ['cpu.cfs_quota_us', 'cpu.cfs_period_us'].map((file) => read(join(folder, file))?.trim());
  const limit = Number(most) / Number(period);
  // 'max' in version 2, -1 in version 1.
  return limit > 0 && Number.isFinite(limit) ? limit : undefined;
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
