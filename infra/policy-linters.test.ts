/**
 * Checks that the committed charts follow the rules of kube-score, kube-linter, polaris, kubescape, Checkov and the Pod
 * Security Standard "restricted". Needs only Node; e2e/container/policy.test.ts runs those of the tools that are
 * installed.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { environments } from './environments.ts';
import { at, only, type Manifest } from './fixtures/manifests.ts';
import { kubernetesVersions } from './kubernetes-schemas/versions.ts';
import { validateManifests } from './kubernetes-schemas/validate.ts';

const read = (environment: string) =>
  readFileSync(join(import.meta.dirname, '..', 'charts-out', `${environment}.k8s.yaml`), 'utf8');
const parse = (yaml: string) =>
  parseAllDocuments(yaml, { version: '1.1' }).map((document) => document.toJS() as Manifest);

describe.each(Object.keys(environments()))('%s', (environment) => {
  const yaml = read(environment);
  const manifests = parse(yaml);
  const deployment = only(manifests, 'Deployment');
  const pod = at(deployment, 'spec.template.spec') as Record<string, unknown>;
  const container = at(pod, 'containers.0') as Record<string, unknown>;
  const podLabels = at(deployment, 'spec.template.metadata.labels');

  test.each(kubernetesVersions)('every document is valid for Kubernetes %s', (version) => {
    expect(validateManifests(yaml, version)).toEqual([]);
  });

  test('the Deployment and the Service have the name that other tools rely on', () => {
    for (const kind of ['Deployment', 'Service']) expect(only(manifests, kind).metadata.name).toBe('iris-server');
  });

  test('Pod Security: the pods meet restricted, and more', () => {
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    expect(container.securityContext).toEqual({
      runAsNonRoot: true,
      runAsUser: 10001,
      runAsGroup: 10001,
      privileged: false,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    for (const field of ['hostNetwork', 'hostPID', 'hostIPC', 'hostUsers', 'initContainers'])
      expect(pod).not.toHaveProperty(field);
    expect((pod.volumes as object[]).flatMap((volume) => Object.keys(volume)).filter((key) => key !== 'name')).toEqual([
      'emptyDir',
      'secret',
    ]);
  });

  test('the pods have their own ServiceAccount, without a token', () => {
    const account = only(manifests, 'ServiceAccount');
    expect(account).toMatchObject({
      automountServiceAccountToken: false,
      metadata: { name: 'iris-server', namespace: 'iris-server' },
    });
    expect(pod).toMatchObject({
      serviceAccountName: 'iris-server',
      automountServiceAccountToken: false,
      enableServiceLinks: false,
    });
  });

  test('requests and limits are set for CPU, memory and disk space', () => {
    for (const end of ['requests', 'limits']) {
      expect(Object.keys(at(container, `resources.${end}`) as object)).toEqual(['cpu', 'ephemeral-storage', 'memory']);
    }
  });

  test('the readiness and liveness probes use different paths, and all probes have a timeout', () => {
    expect(at(container, 'readinessProbe.httpGet.path')).not.toBe(at(container, 'livenessProbe.httpGet.path'));
    for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe']) {
      expect(at(container, `${probe}.httpGet.port`)).toBe('management');
      expect(at(container, `${probe}.timeoutSeconds`)).toBeGreaterThan(1);
    }
  });

  test('every object has the recommended labels, with the name as the instance', () => {
    for (const { metadata } of manifests) {
      expect(metadata.labels).toMatchObject({
        'app.kubernetes.io/name': 'iris-server',
        'app.kubernetes.io/instance': 'iris-server',
        'app.kubernetes.io/managed-by': 'rhizome',
      });
    }
    expect(podLabels).toEqual(deployment.metadata.labels);
  });

  test('two replicas, on two nodes if two accept pods, and never fewer during a rollout', () => {
    expect(at(deployment, 'spec')).toMatchObject({
      replicas: 2,
      strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
    });
    expect(pod).not.toHaveProperty('affinity');
    expect(pod.topologySpreadConstraints).toEqual(
      [
        ['kubernetes.io/hostname', 'DoNotSchedule'],
        ['topology.kubernetes.io/zone', 'ScheduleAnyway'],
      ].map(([topologyKey, whenUnsatisfiable]) => ({
        maxSkew: 1,
        topologyKey,
        whenUnsatisfiable,
        labelSelector: at(deployment, 'spec.selector'),
        // Otherwise, a cordoned node would keep a second pod from the other of two nodes: a drain could not end.
        nodeTaintsPolicy: 'Honor',
        // Otherwise, the new pods of a rollout avoid the nodes of the old ones.
        matchLabelKeys: ['pod-template-hash'],
      })),
    );
  });

  test('one pod at a time may be evicted, and an unhealthy one at any time', () => {
    expect(at(only(manifests, 'PodDisruptionBudget'), 'spec')).toEqual({
      selector: at(deployment, 'spec.selector'),
      maxUnavailable: 1,
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
    });
  });

  test('the NetworkPolicy allows the ports in and DNS out, and matches the pods by one label', () => {
    expect(at(only(manifests, 'NetworkPolicy'), 'spec')).toMatchObject({
      podSelector: { matchLabels: { 'app.kubernetes.io/instance': 'iris-server' } },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [{ ports: [{ port: 'http' }, { port: 'grpc' }] }, { ports: [{ port: 'management' }] }],
      egress: [
        {
          ports: [
            { port: 53, protocol: 'UDP' },
            { port: 53, protocol: 'TCP' },
          ],
        },
      ],
    });
  });

  test('no environment variable is named like a secret', () => {
    const names = [
      ...Object.keys(only(manifests, 'ConfigMap').data as object),
      ...(container.env as { name: string }[]).map(({ name }) => name),
    ];
    expect(names.filter((name) => /key|secret|token|password/i.test(name))).toEqual([]);
  });

  test('the image has a tag other than latest', () => {
    expect(container.image).toMatch(/:v\d/);
  });
});

test('production always pulls the image and requires the API key', () => {
  const manifests = parse(read('production'));
  const pod = at(only(manifests, 'Deployment'), 'spec.template.spec');
  expect(at(pod, 'containers.0.imagePullPolicy')).toBe('Always');
  expect(at(pod, 'volumes.1.secret.optional')).toBe(false);
  expect(only(manifests, 'ConfigMap').data).not.toHaveProperty('PUBLIC_PROBES');
});

test('production creates nothing outside of its namespace, and deleting it leaves the namespace', () => {
  for (const { metadata } of parse(read('production'))) expect(metadata.namespace).toBe('iris-server');
});

test('local creates its namespace, which enforces the Pod Security Standard "restricted"', () => {
  const { metadata } = only(parse(read('local')), 'Namespace');
  expect(metadata.name).toBe('iris-server');
  for (const mode of ['enforce', 'warn', 'audit']) {
    expect(metadata.labels[`pod-security.kubernetes.io/${mode}`]).toBe('restricted');
    expect(metadata.labels[`pod-security.kubernetes.io/${mode}-version`]).toMatch(/^(v1\.\d+|latest)$/);
  }
});

test('local uses loaded images and node port 30080, serves probes there, and does not require the API key', () => {
  const manifests = parse(read('local'));
  const pod = at(only(manifests, 'Deployment'), 'spec.template.spec');
  expect(at(pod, 'containers.0.imagePullPolicy')).toBe('IfNotPresent');
  expect(at(pod, 'volumes.1.secret.optional')).toBe(true);
  expect(only(manifests, 'ConfigMap').data).toMatchObject({ PUBLIC_PROBES: 'true' });
  expect(at(only(manifests, 'Service'), 'spec')).toMatchObject({
    type: 'NodePort',
    ports: [
      { port: 80, nodePort: 30080 },
      { port: 8001, nodePort: 30081 },
    ],
  });
});
