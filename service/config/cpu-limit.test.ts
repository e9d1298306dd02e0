import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { cpuLimit } from './cpu-limit.ts';

const roots: string[] = [];
afterAll(() => {
  for (const root of roots) rmSync(root, { recursive: true });
});

/** Returns the limit on a machine with 8 processors and these files. */
function limitWith(files: Readonly<Record<string, string>>, processors = 8): number {
  const root = mkdtempSync(join(tmpdir(), 'cgroup-'));
  roots.push(root);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  return cpuLimit({ root, processors });
}

const version2 = (path: string, limits: Readonly<Record<string, string>>) => ({
  'proc/self/cgroup': `0::${path}\n`,
  ...Object.fromEntries(Object.entries(limits).map(([group, max]) => [`sys/fs/cgroup/${group}/cpu.max`, `${max}\n`])),
});

/** As a container with Docker on version 1 has it: the path is the host's, and the container's group is at the top. */
const version1 = (quota: string, folder = 'cpu,cpuacct') => ({
  'proc/self/cgroup': `4:memory:/docker/abc\n3:${folder}:/docker/abc\n2:cpuset:/docker/abc\n`,
  [`sys/fs/cgroup/${folder}/cpu.cfs_quota_us`]: `${quota}\n`,
  [`sys/fs/cgroup/${folder}/cpu.cfs_period_us`]: '100000\n',
});

test.each<[string, Record<string, string>, number]>([
  ['version 2: two processors', version2('/', { '.': '200000 100000' }), 2],
  ['version 2: a fraction is rounded up', version2('/', { '.': '150000 100000' }), 2],
  ['version 2: half a processor is one thread', version2('/', { '.': '50000 100000' }), 1],
  ['version 2: another period', version2('/', { '.': '150000 50000' }), 3],
  ['version 2: no limit', version2('/', { '.': 'max 100000' }), Math.min(8, availableParallelism())],
  ['version 2: more than the machine has', version2('/', { '.': '6400000 100000' }), 8],
  [
    'version 2: the least of the nested groups',
    version2('/kubepods/pod1/main', {
      kubepods: '700000 100000',
      'kubepods/pod1': '300000 100000',
      'kubepods/pod1/main': 'max 100000',
    }),
    3,
  ],
  ['version 2: a path of the host', version2('/../../pod1/main', { '.': '300000 100000' }), 3],
  ['version 1: two processors', version1('200000'), 2],
  ['version 1: a fraction is rounded up', version1('20000'), 1],
  ['version 1: no limit', version1('-1'), Math.min(8, availableParallelism())],
  ['version 1: the folder of cpu alone', version1('300000', 'cpu'), 3],
  [
    'version 1: cpu and cpuacct together, mounted by the name of cpu',
    {
      'proc/self/cgroup': '3:cpuacct,cpu:/\n',
      'sys/fs/cgroup/cpu/cpu.cfs_quota_us': '250000',
      'sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000',
    },
    3,
  ],
  [
    'both versions: the limit is in version 1',
    { ...version1('200000'), 'proc/self/cgroup': '3:cpu,cpuacct:/\n0::/system.slice\n' },
    2,
  ],
  ['no groups', {}, Math.min(8, availableParallelism())],
  ['files that are not understood', version2('/', { '.': 'surprise' }), Math.min(8, availableParallelism())],
])('%s', (_, files, expected) => {
  expect(limitWith(files)).toBe(expected);
});

test('on this machine it is at least one, and no more than there are processors', () => {
  expect(cpuLimit()).toBeGreaterThanOrEqual(1);
  expect(cpuLimit()).toBeLessThanOrEqual(cpuLimit({ root: '/nowhere' }) + 1);
});
