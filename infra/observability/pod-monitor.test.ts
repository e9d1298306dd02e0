import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { at, only } from '../fixtures/manifests.ts';
import { kubernetesVersions } from '../kubernetes-schemas/versions.ts';
import { validateManifests } from '../kubernetes-schemas/validate.ts';
import { InvalidPropsError } from '../props/invalid-props-error.ts';
import { monitoredService } from './fixtures/monitored.ts';
import { scrapeAnnotations } from './scrape-annotations.ts';

const container = 'spec.template.spec.containers.0';

test('it selects the pods of the service, and the port and path of their metrics', () => {
  const manifests = monitoredService();
  const [monitor, deployment] = [only(manifests, 'PodMonitor'), only(manifests, 'Deployment')];
  expect(monitor).toMatchObject({
    apiVersion: 'monitoring.coreos.com/v1',
    metadata: { name: 'iris-server', namespace: deployment.metadata.namespace },
  });
  expect(at(monitor, 'spec.selector')).toEqual(at(deployment, 'spec.selector'));
  const open = at(deployment, `${container}.ports`) as { readonly name: string; readonly containerPort: number }[];
  const { name, containerPort } = open.at(-1)!;
  expect(at(monitor, 'spec.podMetricsEndpoints')).toEqual([{ port: name, path: '/metrics' }]);
  expect(scrapeAnnotations).toMatchObject({
    'prometheus.io/port': String(containerPort),
    'prometheus.io/path': '/metrics',
  });
  // What its NetworkPolicy admits by default.
  expect(at(only(manifests, 'NetworkPolicy'), 'spec.ingress.1.ports.0.port')).toBe(name);
});

test('every prop reaches the manifest', () => {
  const monitor = only(
    monitoredService({ monitor: { intervalSeconds: 15, labels: { release: 'kube-prometheus-stack' } } }),
    'PodMonitor',
  );
  expect(at(monitor, 'spec.podMetricsEndpoints.0.interval')).toBe('15s');
  expect(monitor.metadata.labels).toMatchObject({
    release: 'kube-prometheus-stack',
    'app.kubernetes.io/instance': 'iris-server',
  });
});

test.each([0, 1.5, -1, Number.NaN])('an interval of %d seconds is refused', (intervalSeconds) => {
  const build = (): unknown => monitoredService({ monitor: { intervalSeconds } });
  expect(build).toThrow(InvalidPropsError);
  expect(build).toThrow(/intervalSeconds: \S+ is not a valid interval\.\n +Use a whole number of seconds, 1 or more/);
});

test('the scrape configuration of docs/monitoring.md finds the pods, and sets the labels that the rules need', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/monitoring.md'), 'utf8');
  const [, config = ''] = /^```yaml\n([^]*?)^```$/m.exec(page) ?? [];
  const deployment = only(monitoredService(), 'Deployment');
  expect(at(deployment, 'spec.template.metadata.labels')).toMatchObject({ 'app.kubernetes.io/managed-by': 'rhizome' });
  expect(at(parse(config), 'scrape_configs.0.relabel_configs')).toEqual([
    { source_labels: [expect.stringMatching(/app_kubernetes_io_managed_by$/)], regex: 'rhizome', action: 'keep' },
    { source_labels: [expect.stringMatching(/container_port_name$/)], regex: 'management', action: 'keep' },
    { source_labels: ['__meta_kubernetes_namespace'], target_label: 'namespace' },
    { source_labels: ['__meta_kubernetes_pod_name'], target_label: 'pod' },
  ]);
});

test('scrapeAnnotations as podAnnotations reach the pods', () => {
  const manifests = monitoredService({ service: { podAnnotations: { ...scrapeAnnotations } } });
  expect(at(only(manifests, 'Deployment'), 'spec.template.metadata.annotations')).toEqual(scrapeAnnotations);
});

test('Kubernetes and the Prometheus operator accept every field of a service and of what monitors it', () => {
  const manifests = monitoredService({
    monitor: { intervalSeconds: 15, labels: { release: 'monitoring' } },
    rules: { alerts: { RhizomeQueueSlow: { severity: 'info', forSeconds: 60 } } },
    dashboard: { folder: 'Models' },
  });
  const yaml = manifests.map((manifest) => stringify(manifest)).join('---\n');
  expect(yaml).toContain('kind: PrometheusRule');
  for (const version of kubernetesVersions) expect(validateManifests(yaml, version)).toEqual([]);
});
