import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa, execaSync } from 'execa';
import { kindCluster } from '../suite.ts';
import { context, isOwn, skipReason } from './testbed.ts';

const apiService = 'v1beta1.metrics.k8s.io';
const image = process.env['METRICS_SERVER_IMAGE'];

/** Why the suite's own cluster cannot have metrics-server, or undefined if it can. */
export const noMetricsServer =
  isOwn && image === undefined ? 'needs metrics-server: eval "$(.ci/metrics-server)"' : undefined;

/** Why an existing cluster does not support autoscalers, or undefined if it does. */
export const noMetrics =
  !isOwn &&
  skipReason === undefined &&
  execaSync('kubectl', ['--context', context, 'get', 'apiservice', apiService], { reject: false }).failed
    ? `${context} has no metrics API`
    : undefined;

/** Installs metrics-server in the suite's own cluster, and waits until the cluster has its API. */
export async function provideMetrics(): Promise<void> {
  if (isOwn) {
    const node = `${kindCluster}-control-plane`;
    await execa('kind', ['load', 'docker-image', image!, '--name', kindCluster, '--nodes', node], { timeout: 120_000 });
    await onManifests('apply');
  }
  const wait = ['wait', '--for=condition=Available', `apiservice/${apiService}`, '--timeout=100s'];
  await execa('kubectl', ['--context', context, ...wait], { timeout: 120_000 });
}

/**
 * Removes metrics-server from the suite's own cluster. While it does not respond, which the disruptions of other files
 * may cause, no namespace could be deleted.
 */
export async function removeMetrics(): Promise<void> {
  if (isOwn) await onManifests('delete', '--ignore-not-found');
}

async function onManifests(...args: readonly string[]): Promise<void> {
  const manifests = await readFile(join(import.meta.dirname, 'fixtures/metrics-server.yaml'), 'utf8');
  await execa('kubectl', ['--context', context, ...args, '--filename', '-'], {
    input: manifests.replace('METRICS_SERVER_IMAGE', image!),
    timeout: 60_000,
  });
}
