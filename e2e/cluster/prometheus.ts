/** Prometheus as a pod of the suite's own cluster, in a namespace of its own. */
import { copyFile, cp, mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { stringify } from 'yaml';
import { cleanUpAtEnd } from '../cleanup.ts';
import { findTool } from '../needs.ts';
import { kindCluster } from '../suite.ts';
import { context, name } from './testbed.ts';

const tools = process.env['PROMETHEUS_TOOLS'];
const binary = findTool('prometheus', tools === undefined ? [] : [tools]);
/** Why Prometheus cannot run, or undefined if it can. */
export const noPrometheus = binary === undefined ? 'needs prometheus: eval "$(.ci/prometheus)"' : undefined;

/** The namespace of Prometheus. */
export const namespace = `${name}-monitoring`;
const image = `${name}-prometheus:e2e`;
const port = 9090;
const metadata = { name: 'prometheus', namespace };

/** Makes an image of the program and the libraries that it is linked with, and loads it into a node. */
async function loadImage(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rhizome-prometheus-'));
  await copyFile(binary!, join(folder, 'prometheus'));
  const { stdout } = await execa('ldd', [binary!], { timeout: 30_000 });
  for (const [library] of stdout.matchAll(/\/\S+/g)) {
    await mkdir(join(folder, 'root', dirname(library)), { recursive: true });
    await cp(library, join(folder, 'root', library), { dereference: true });
  }
  await execa('docker', ['build', '--quiet', '--tag', image, '--file', '-', folder], {
    input: 'FROM scratch\nCOPY root /\nCOPY prometheus /\nENTRYPOINT ["/prometheus"]\n',
    timeout: 120_000,
  });
  const node = `${kindCluster}-worker`;
  await execa('kind', ['load', 'docker-image', image, '--name', kindCluster, '--nodes', node], { timeout: 120_000 });
  return node;
}

/** Creates the namespace of Prometheus. */
export async function createNamespace(): Promise<void> {
  cleanUpAtEnd('kubectl', '--context', context, 'delete', 'namespace', namespace, '--ignore-not-found');
  await applyObjects({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
}

/** Applies objects. */
export async function applyObjects(...objects: readonly unknown[]): Promise<void> {
  const input = objects.map((object) => stringify(object)).join('---\n');
  await execa('kubectl', ['--context', context, 'apply', '--server-side', '--filename', '-'], {
    input,
    timeout: 60_000,
  });
}

/** What a Prometheus responds to queries. */
export interface Prometheus {
  /** Calls its HTTP API through the API server: `rules`, or `query` with parameters. */
  get<T>(path: string, parameters?: Readonly<Record<string, string>>): Promise<T>;
}

/**
 * Starts Prometheus.
 * @param files its files by name; `prometheus.yml` is the configuration
 */
export async function startPrometheus(files: Readonly<Record<string, object>>): Promise<Prometheus> {
  const node = await loadImage();
  const data = Object.fromEntries(Object.entries(files).map(([file, content]) => [file, stringify(content)]));
  await applyObjects(
    { apiVersion: 'v1', kind: 'ConfigMap', metadata, data },
    { apiVersion: 'v1', kind: 'Pod', metadata, spec: podSpec(node) },
  );
  const wait = ['wait', '--for=condition=Ready', 'pod/prometheus', '--timeout=60s'];
  await execa('kubectl', ['--context', context, '--namespace', namespace, ...wait], { timeout: 90_000 });
  const get = async <T>(path: string, parameters: Readonly<Record<string, string>> = {}): Promise<T> => {
    const pod = `/api/v1/namespaces/${namespace}/pods/prometheus:${port}/proxy`;
    const url = `${pod}/api/v1/${path}?${String(new URLSearchParams(parameters))}`;
    const { stdout } = await execa('kubectl', ['--context', context, 'get', '--raw', url], { timeout: 30_000 });
    return (JSON.parse(stdout) as { data: T }).data;
  };
  return { get };
}

const podSpec = (nodeName: string): object => ({
  nodeName,
  automountServiceAccountToken: false,
  securityContext: { runAsNonRoot: true, runAsUser: 65534, fsGroup: 65534, seccompProfile: { type: 'RuntimeDefault' } },
  containers: [
    {
      name: 'prometheus',
      image,
      imagePullPolicy: 'Never',
      args: ['--config.file=/etc/prometheus/prometheus.yml', '--storage.tsdb.path=/data'],
      readinessProbe: { httpGet: { path: '/-/ready', port }, periodSeconds: 1 },
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
      volumeMounts: [
        { name: 'config', mountPath: '/etc/prometheus' },
        { name: 'data', mountPath: '/data' },
      ],
    },
  ],
  volumes: [
    { name: 'config', configMap: { name: metadata.name } },
    { name: 'data', emptyDir: {} },
  ],
});
