/**
 * A real API server takes the committed charts as they are: without a warning, and without changing its mind when they
 * are applied again. On a cluster of its own, of one node, since nothing needs to run on it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { environments } from '../../infra/environments.ts';
import { testThatNeeds } from '../needs.ts';

const cluster = 'rhizome-admission';
const needs = ['docker', 'kind', 'kubectl'].map((tool) => ({ tool, hint: 'not found on PATH' }));
const applying = ['--server-side', '--force-conflicts', '--field-manager=rhizome'];

testThatNeeds(needs, 'a real API server admits both charts without a warning, and finds nothing to change after', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'rhizome-admission-'));
  const env = { KUBECONFIG: join(folder, 'kubeconfig') };
  const image = process.env.KIND_NODE_IMAGE;
  try {
    await execa('kind', ['create', 'cluster', '--name', cluster, ...(image === undefined ? [] : ['--image', image])], { timeout: 300_000, env });
    for (const environment of Object.keys(environments())) {
      const chart = join(import.meta.dirname, '../../charts-out', `${environment}.k8s.yaml`);
      // Warnings, of Pod Security above all, go to standard error.
      const applied = await execa('kubectl', ['apply', ...applying, '--filename', chart], { timeout: 60_000, env });
      expect(applied.stderr).toBe('');
      // Exits 1 where applying once more would change something.
      await execa('kubectl', ['diff', ...applying, '--filename', chart], { timeout: 60_000, env });
    }
  } finally {
    await execa('kind', ['delete', 'cluster', '--name', cluster], { timeout: 120_000, env });
    rmSync(folder, { recursive: true });
  }
});
