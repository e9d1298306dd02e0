import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A Node that does not run TypeScript: this one, told so. */
const older = '--no-strip-types';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rhizome-bin-'));
  mkdirSync(join(folder, 'cli'));
  cpSync(join(import.meta.dirname, 'rhizome.js'), join(folder, 'cli/rhizome.js'));
  writeFileSync(join(folder, 'package.json'), '{"type": "module"}');
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  'an older Node hands over to the pinned one, %s and its exit code too',
  async (signal) => {
    mkdirSync(join(folder, 'node_modules/node/bin'), { recursive: true });
    writeFileSync(join(folder, 'node_modules/node/package.json'), '{}');
    writeFileSync(join(folder, 'node_modules/node/bin/node'), `#!/bin/sh\nexec ${process.execPath} "$@"\n`, {
      mode: 0o755,
    });
    writeFileSync(
      join(folder, 'cli/main.ts'),
      `process.on('${signal}', () => process.exit(7)); setInterval(() => {}, 1000); console.log('up');`,
    );
    const child = spawn(process.execPath, [older, join(folder, 'cli/rhizome.js')], {
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: 20_000,
    });
    await once(child.stdout, 'data');
    child.kill(signal);
    expect(await once(child, 'exit')).toEqual([7, null]);
  },
);

test('before npm ci, prints what to do', async () => {
  writeFileSync(join(folder, 'cli/main.ts'), '');
  const child = spawn(process.execPath, [older, join(folder, 'cli/rhizome.js')], {
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: 20_000,
  });
  const [message] = (await once(child.stderr, 'data')) as [Buffer];
  expect(message.toString()).toContain('→ npm ci');
  expect(await once(child, 'exit')).toEqual([1, null]);
});

describe('in the package, whose code is in dist/', () => {
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [older, join(folder, 'cli/rhizome.js'), ...args], {
      cwd: folder,
      encoding: 'utf8',
      timeout: 20_000,
    });
  beforeEach(() => {
    mkdirSync(join(folder, 'dist/cli'), { recursive: true });
    writeFileSync(join(folder, 'dist/cli/main.js'), `console.log('package', process.argv[2]);`);
  });

  test('init runs with any Node, and nothing else does', () => {
    expect(run('init')).toMatchObject({ status: 0, stdout: 'package init\n' });
    expect(run('up')).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining('needs Node 24') });
  });

  test('a clone never runs what it has once built', () => {
    writeFileSync(join(folder, 'cli/main.ts'), `console.log('clone');`);
    const { stdout } = spawnSync(process.execPath, [join(folder, 'cli/rhizome.js'), 'up'], {
      encoding: 'utf8',
      timeout: 20_000,
    });
    expect(stdout).toBe('clone\n');
  });
});
