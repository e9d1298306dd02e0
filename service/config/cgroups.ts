import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Returns the limits of this process's groups, and of the groups around them: each may have one.
 *
 * @param root the root of the file system with /proc and /sys
 * @param limitOf returns the limit of one group, by its folder; undefined if it has none
 */
export function cgroupLimits(
  root: string,
  controller: 'cpu' | 'memory',
  limitOf: (folder: string) => number | undefined,
): number[] {
  return cgroups(root, controller).flatMap(({ folder, path }) =>
    withParents(path).flatMap((each) => limitOf(join(root, folder, each)) ?? []),
  );
}

/** Returns the content of a file; undefined if it cannot be read. */
export function readGroupFile(folder: string, file: string): string | undefined {
  return read(join(folder, file))?.trim();
}

interface Cgroup {
  /** Where the hierarchy is mounted. */
  readonly folder: string;
  readonly path: string;
}

/** Returns the groups of this process that can have a limit: the one of version 2, and that of version 1. */
function cgroups(root: string, controller: string): Cgroup[] {
  const lines = (read(join(root, 'proc/self/cgroup')) ?? '').split('\n');
  return lines.flatMap((line): Cgroup[] => {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined) return [];
    if (controllers === '') return [{ folder: 'sys/fs/cgroup', path }];
    return controllers.split(',').includes(controller)
      ? [...new Set([controllers, controller])].map((name) => ({ folder: `sys/fs/cgroup/${name}`, path }))
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

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
