/**
 * What kube-score, kube-linter, polaris, kubescape, Checkov and Pod Security "restricted" ask of a workload, checked
 * here on the committed charts so that it needs only Node. e2e/container/policy.test.ts runs the tools that can be had.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { environments } from './environments.ts';
import { at, only, type Manifest } from './fixtures/manifests.ts';
import { supportedVersions } from './schemas/schema-file.ts';
import { validateManifests } from './schemas/validate.ts';

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

  test.each(supportedVersions)('every document fits the API of Kubernetes %s', (version) => {
    expect(validateManifests(yaml, version)).toEqual([]);
  });

  test('the three names that others rely on', () => {
    for (const kind of ['Namespace', 'Deployment', 'Service'])
      expect(only(manifests, kind).metadata.name).toBe('iris-server');
  });

  test('Pod Security: the namespace enforces restricted', () => {
    const labels = only(manifests, 'Namespace').metadata.labels;
    for (const mode of ['enforce', 'warn', 'audit']) {
      expect(labels[`pod-security.kubernetes.io/${mode}`]).toBe('restricted');
      expect(labels[`pod-security.kubernetes.io/${mode}-version`]).toMatch(/^(v1\.\d+|latest)$/);
    }
  });

  test('Pod Security: restricted in full, and beyond', () => {
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

  test('an identity of its own, without a token', () => {
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

  test('requests and limits of cpu, memory and disk', () => {
    for (const end of ['requests', 'limits']) {
      expect(Object.keys(at(container, `resources.${end}`) as object)).toEqual(['cpu', 'ephemeral-storage', 'memory']);
    }
  });

  test('readiness and liveness ask different paths, and both and the startup probe have a time-out', () => {
    expect(at(container, 'readinessProbe.httpGet.path')).not.toBe(at(container, 'livenessProbe.httpGet.path'));
    for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe']) {
      expect(at(container, `${probe}.httpGet.port`)).toBe('http');
      expect(at(container, `${probe}.timeoutSeconds`)).toBeGreaterThan(1);
    }
  });

  test('labels: recommended ones, and an instance that is the name', () => {
    for (const { metadata } of manifests) {
      expect(metadata.labels).toMatchObject({
        'app.kubernetes.io/name': 'iris-server',
        'app.kubernetes.io/instance': 'iris-server',
        'app.kubernetes.io/managed-by': 'rhizome',
      });
    }
    expect(podLabels).toEqual(deployment.metadata.labels);
  });

  test('two replicas, on two nodes where there are two, and never fewer during a rollout', () => {
    expect(at(deployment, 'spec')).toMatchObject({
      replicas: 2,
      strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
    });
    const preferred = at(
      pod,
      'affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution.0.podAffinityTerm',
    );
    // Of their own revision, or a rollout puts the new ones where the old ones are not.
    expect(preferred).toEqual({
      topologyKey: 'kubernetes.io/hostname',
      labelSelector: at(deployment, 'spec.selector'),
      matchLabelKeys: ['pod-template-hash'],
    });
    for (const constraint of pod.topologySpreadConstraints as object[]) {
      expect(constraint).toMatchObject({
        maxSkew: 1,
        whenUnsatisfiable: 'ScheduleAnyway',
        labelSelector: at(deployment, 'spec.selector'),
      });
    }
  });

  test('evictions take one pod at a time, and a broken one always', () => {
    expect(at(only(manifests, 'PodDisruptionBudget'), 'spec')).toEqual({
      selector: at(deployment, 'spec.selector'),
      maxUnavailable: 1,
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
    });
  });

  test('network: in by the two ports, out to DNS alone, for pods matched by one label', () => {
    expect(at(only(manifests, 'NetworkPolicy'), 'spec')).toMatchObject({
      podSelector: { matchLabels: { 'app.kubernetes.io/instance': 'iris-server' } },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [{ ports: [{ port: 'http' }, { port: 'grpc' }] }],
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

  test('no variable is named like a secret', () => {
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

test('production asks the registry at each start, needs the key and goes before batch work', () => {
  const manifests = parse(read('production'));
  const pod = at(only(manifests, 'Deployment'), 'spec.template.spec');
  expect(at(pod, 'containers.0.imagePullPolicy')).toBe('Always');
  expect(at(pod, 'volumes.1.secret.optional')).toBe(false);
  expect(at(pod, 'priorityClassName')).toBe(only(manifests, 'PriorityClass').metadata.name);
});

test('local runs what was loaded, at node port 30080, without a key', () => {
  const manifests = parse(read('local'));
  const pod = at(only(manifests, 'Deployment'), 'spec.template.spec');
  expect(at(pod, 'containers.0.imagePullPolicy')).toBe('IfNotPresent');
  expect(at(pod, 'volumes.1.secret.optional')).toBe(true);
  expect(at(only(manifests, 'Service'), 'spec')).toMatchObject({
    type: 'NodePort',
    ports: [{ port: 80, nodePort: 30080 }, { port: 8001 }],
  });
});
