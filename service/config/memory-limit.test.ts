import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { inferenceMemory, memoryLimit, mostModelBytes } from './memory-limit.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cgroup-'));
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

test.each<[string, Record<string, string>, number | undefined]>([
  ['version 2', { 'proc/self/cgroup': '0::/\n', 'sys/fs/cgroup/memory.max': '536870912\n' }, 536_870_912],
  ['version 2: no limit', { 'proc/self/cgroup': '0::/\n', 'sys/fs/cgroup/memory.max': 'max\n' }, undefined],
  [
    'version 2: the least of the nested groups',
    {
      'proc/self/cgroup': '0::/pods/one\n',
      'sys/fs/cgroup/pods/memory.max': '1000\n',
      'sys/fs/cgroup/pods/one/memory.max': '2000\n',
    },
    1000,
  ],
  [
    'version 1',
    {
      'proc/self/cgroup': '4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n',
      'sys/fs/cgroup/memory/memory.limit_in_bytes': '536870912\n',
    },
    536_870_912,
  ],
  [
    'version 1: no limit',
    {
      'proc/self/cgroup': '4:memory:/docker/abc\n',
      'sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
    },
    undefined,
  ],
  ['no groups', {}, undefined],
])('%s', (_, files, expected) => {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  expect(memoryLimit(root)).toBe(expected);
});

test('an inference process may use half of the memory, or all but 512 MiB', () => {
  const mebibyte = 2 ** 20;
  expect([512, 1024, 4096].map((limit) => inferenceMemory(limit * mebibyte)! / mebibyte)).toEqual([256, 512, 3584]);
  expect(mostModelBytes(512 * mebibyte)).toBe(384 * mebibyte);
});
