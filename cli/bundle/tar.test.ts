import { mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { createReporter } from '../terminal/reporter.ts';
import { CommandFailed } from '../tools/exec.ts';
import { sizeOfTar, tar } from './tar.ts';

test.each([
  { what: '.', exclude: '_logs' },
  { what: 'rhizome', exclude: undefined },
])('the size of an archive is known before it is written: %j', async ({ what, exclude }) => {
  const folder = await mkdtemp(join(tmpdir(), 'rhizome-tar-'));
  try {
    const from = join(folder, 'from');
    for (const path of ['_logs', 'rhizome/empty', `rhizome/${'a'.repeat(90)}`])
      await mkdir(join(from, path), { recursive: true });
    for (const [path, size] of [
      ['_logs/debug.log', 1e6],
      ['rhizome/none', 0],
      ['rhizome/block', 512],
      [`rhizome/${'a'.repeat(90)}/${'b'.repeat(140)}`, 513],
      ['rhizome/large', 2_345_678],
    ] as const)
      await writeFile(join(from, path), Buffer.alloc(size));
    await symlink('large', join(from, 'rhizome/link'));
    const file = join(folder, 'archive.tar');
    const excluded = exclude === undefined ? [] : [`--exclude=${exclude}`];
    await execa('tar', ['-cf', file, ...excluded, '-C', from, what]);
    expect(await sizeOfTar({ from, what, ...(exclude !== undefined && { exclude }) })).toBe((await stat(file)).size);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('if a folder cannot be read, the command of tar says so', async () => {
  const context = {
    root: tmpdir(),
    report: createReporter({ write: () => undefined }),
    signal: new AbortController().signal,
  };
  const archived = tar(context, join(tmpdir(), 'rhizome-none.tar'), { from: join(tmpdir(), 'rhizome-none') });
  await expect(archived).rejects.toThrow(CommandFailed);
});
