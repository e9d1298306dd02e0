/** A bundle, on a machine without any network: in a network namespace that has only its own loopback. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { execa } from 'execa';
import { testUnless } from '../needs.ts';
import { createWorkspace, type Workspace } from '../workspace.ts';

const namespace = ['--net', '--map-root-user', 'sh', '-c'];
const canUnshare = spawnSync('unshare', [...namespace, 'ip link set lo up']).status === 0;
const minutes = 60_000;

let workspace: Workspace;
let elsewhere: string;
beforeAll(async () => {
  workspace = await createWorkspace();
  elsewhere = await mkdtemp(join(tmpdir(), 'rhizome-elsewhere-'));
});
afterAll(async () => {
  await rm(elsewhere, { recursive: true, force: true });
  await workspace.remove();
});

/** Runs a shell line where there is no network. */
const offline = (line: string) =>
  execa('unshare', [...namespace, `ip link set lo up; ${line}`], {
    cwd: join(elsewhere, 'rhizome'),
    reject: false,
    all: true,
    timeout: 6 * minutes,
  });

testUnless(
  canUnshare ? undefined : 'needs unshare, of util-linux, ip, of iproute2, and permission to use them',
  'the packages install, and the models run and predict, without any network',
  async () => {
    await writeFile(join(workspace.folder, '.env'), 'SECRET=1\n');
    const archive = join(elsewhere, 'rhizome.tar');
    const bundled = await workspace.rhizome('bundle', '--local', '--json', '--output', archive);
    expect([bundled.exitCode, bundled.exitCode === 0 ? '' : bundled.stderr]).toEqual([0, '']);
    const { bytes } = JSON.parse(bundled.stdout) as { bytes: number };
    console.log(`the bundle has ${Math.round(bytes / 1e6)} MB`);
    await execa('tar', ['-xf', archive], { cwd: elsewhere });
    await rm(archive);
    const { stdout: files } = await execa('tar', ['-tf', 'rhizome/project.tar'], { cwd: elsewhere });
    expect(files).toContain('models/iris/model.onnx');
    expect(files).not.toMatch(/\.env|node_modules|\.rhizome/);

    // All of it in one namespace: the replicas listen on its loopback.
    const { exitCode, all } = await offline(
      './up --detach --json && cd project && npx --offline rhizome predict iris; code=$?; ' +
        'npx --offline rhizome down; exit $code',
    );
    expect([exitCode, exitCode === 0 ? '' : all]).toEqual([0, '']);
    expect(all).toContain('"prediction":"setosa"');

    await writeFile(join(elsewhere, 'rhizome/project.tar'), 'something else');
    const changed = await offline('./up');
    expect(changed.exitCode).not.toBe(0);
    expect(changed.all).toContain('project.tar: FAILED');
    expect(await readFile(join(elsewhere, 'rhizome/README.md'), 'utf8')).toContain('./up kind');
  },
);
