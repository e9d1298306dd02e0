/**
 * Prometheus in the cluster, with the scrape configuration of docs/monitoring.md: it finds the pods, evaluates every
 * rule, and an alert fires for the service that has a problem, and for no other.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import type { List, Pod } from '../../cli/kubernetes.ts';
import { PredictionService } from '../../infra/constructs/prediction-service.ts';
import { only, synthesized, type Manifest } from '../../infra/fixtures/manifests.ts';
import { AlertRules } from '../../infra/observability/alert-rules.ts';
import type { RuleFile } from '../../infra/observability/fixtures/monitored.ts';
import { scrapeAnnotations } from '../../infra/observability/scrape-annotations.ts';
import { until } from '../../service/fixtures/until.ts';
import { testUnless } from '../needs.ts';
import {
  applyObjects,
  createNamespace,
  namespace,
  noPrometheus,
  startPrometheus,
  type Prometheus,
} from './prometheus.ts';
import { listReplicas } from './replicas.ts';
import { isOwn, kubectl, name, skipReason, testIfSupported, useTestbed } from './testbed.ts';

const root = join(import.meta.dirname, '../..');
const broken = `${name}-broken`;
let prometheus: Prometheus;

const unsupported = isOwn ? undefined : "Prometheus is loaded into the suite's own cluster";
const monitoringTest = (title: string, run: () => Promise<void>): void => {
  if (skipReason === undefined && isOwn && noPrometheus !== undefined) testUnless(noPrometheus, title, run);
  else testIfSupported(unsupported, title, run);
};

useTestbed(async (testbed) => {
  if (!isOwn || noPrometheus !== undefined) return;
  const { image } = await testbed.up();
  await createNamespace();
  // A replica with a model that is not one, beside iris: it is not ready, and only the alert says why.
  const broken = manifests(brokenProps(image));
  await applyObjects(
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'broken', namespace },
      data: { 'model.onnx': 'no model' },
    },
    ...broken.filter(({ kind }) => kind !== 'PrometheusRule'),
  );
  const running = ['wait', '--for=jsonpath={.status.phase}=Running', 'pods', '--all', '--timeout=60s'];
  await until(async () => (await podsOf(namespace)).length > 0, 'the pod exists');
  await kubectl('--namespace', namespace, ...running);
  prometheus = await startPrometheus({
    'prometheus.yml': await configuration([...(await podsOf(name)), ...(await podsOf(namespace))]),
    'up.yml': rulesOf(manifests({ name, image })),
    'broken.yml': rulesOf(broken),
  });
});

/** Returns the pods of a namespace that are not terminating. */
async function podsOf(where: string): Promise<readonly Pod[]> {
  const { items } = JSON.parse(await kubectl('get', 'pods', '--namespace', where, '--output', 'json')) as List<Pod>;
  return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
}

const brokenProps = (image: string) =>
  ({
    name: broken,
    namespace,
    image,
    imagePullPolicy: 'IfNotPresent',
    replicas: 1,
    grpc: false,
    unauthenticated: 'a test',
    startupSeconds: 600,
    settings: { DEFAULT_MODEL: 'iris' },
    volumes: { broken: { configMap: 'broken', mountPath: '/app/models/broken' } },
    podAnnotations: scrapeAnnotations,
  }) as const;

/** Returns the manifests of a service and of its alerts, which do not wait. */
const manifests = (props: ConstructorParameters<typeof PredictionService>[2]): readonly Manifest[] =>
  synthesized((chart) => {
    const service = new PredictionService(chart, 'service', props);
    new AlertRules(chart, 'alerts', { service, alerts: { RhizomeModelNotLoaded: { forSeconds: 0 } } });
  });
const rulesOf = (all: readonly Manifest[]): RuleFile => only(all, 'PrometheusRule').spec as RuleFile;

/** Returns the configuration of docs/monitoring.md, and one that follows annotations, as Helm charts have it. */
async function configuration(pods: readonly Pod[]): Promise<object> {
  const page = await readFile(join(root, 'docs/monitoring.md'), 'utf8');
  const [, yaml] = /```yaml\n(scrape_configs:\n[^]*?)```/.exec(page) ?? [];
  const { scrape_configs: documented } = parse(yaml!) as { scrape_configs: readonly ScrapeConfig[] };
  const annotation = (key: string): string => `__meta_kubernetes_pod_annotation_prometheus_io_${key}`;
  const annotated: ScrapeConfig = {
    job_name: 'annotations',
    kubernetes_sd_configs: [{ role: 'pod' }],
    relabel_configs: [
      { source_labels: [annotation('scrape')], action: 'keep', regex: 'true' },
      { source_labels: [annotation('path')], action: 'replace', target_label: '__metrics_path__', regex: '(.+)' },
      {
        source_labels: [annotation('port'), '__meta_kubernetes_pod_ip'],
        action: 'replace',
        regex: String.raw`(\d+);(.+)`,
        replacement: '$2:$1',
        target_label: '__address__',
      },
      { source_labels: ['__meta_kubernetes_pod_name'], target_label: 'pod' },
    ],
  };
  const scrapeConfigs = [...documented, annotated].map(({ kubernetes_sd_configs: discovery, ...config }) => {
    expect(discovery).toEqual([{ role: 'pod' }]);
    return { ...config, static_configs: pods.flatMap(discovered) };
  });
  return {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: ['up.yml', 'broken.yml'],
    scrape_configs: scrapeConfigs,
  };
}

interface ScrapeConfig {
  readonly job_name: string;
  readonly kubernetes_sd_configs: readonly object[];
  readonly relabel_configs: readonly object[];
}

/**
 * Returns what Prometheus itself would discover of a pod: a target for each port, with these labels. Debian's package
 * lacks the discovery.
 * @see https://prometheus.io/docs/prometheus/latest/configuration/configuration/#pod
 */
function discovered({ metadata, spec, status }: Pod): readonly object[] {
  const safe = (labels: Labels = {}, prefix: string): Labels =>
    Object.fromEntries(
      Object.entries(labels).map(([key, value]) => [
        `__meta_kubernetes_pod_${prefix}_${key.replace(/\W/g, '_')}`,
        value,
      ]),
    );
  const labels = {
    __meta_kubernetes_namespace: metadata.namespace ?? '',
    __meta_kubernetes_pod_name: metadata.name,
    __meta_kubernetes_pod_ip: status.podIP ?? '',
    ...safe(metadata.labels, 'label'),
    ...safe(metadata.annotations, 'annotation'),
  };
  return spec.containers
    .flatMap((container) => container.ports ?? [])
    .map(({ name: port = '', containerPort }) => ({
      targets: [`${status.podIP}:${containerPort}`],
      labels: { ...labels, __meta_kubernetes_pod_container_port_name: port },
    }));
}

type Labels = Readonly<Record<string, string>>;

/** Waits until a condition is met, which asks Prometheus. */
const untilSeen = (what: string, condition: () => Promise<boolean>): Promise<void> =>
  until(async () => (await condition()) || sleep(500, false), what, 90);

monitoringTest('Prometheus finds every pod, by the documented configuration and by the annotations', async () => {
  const replicas = (await listReplicas()).map(({ pod }) => `rhizome ${name} ${pod}`).toSorted();
  let found: readonly string[] = [];
  await untilSeen('three pods are scraped', async () => {
    const { result } = await prometheus.get<{ result: readonly { metric: Labels }[] }>('query', { query: 'up == 1' });
    found = result.map(({ metric }) => `${metric['job']} ${metric['namespace']} ${metric['pod']}`).toSorted();
    return found.length >= replicas.length + 2;
  });
  const [annotated, ...documented] = found;
  expect(annotated).toMatch(new RegExp(`^annotations undefined ${broken}-`));
  expect(documented.filter((each) => each.includes(` ${name} `))).toEqual(replicas);
  expect(documented).toContainEqual(expect.stringMatching(new RegExp(`^rhizome ${namespace} ${broken}-`)));
});

monitoringTest('every rule is evaluated without an error', async () => {
  interface Rule {
    readonly name: string;
    readonly health: 'ok' | 'err' | 'unknown';
    readonly lastError?: string;
  }
  const rules = async (): Promise<readonly Rule[]> => {
    const { groups } = await prometheus.get<{ groups: readonly { rules: readonly Rule[] }[] }>('rules');
    return groups.flatMap((group) => group.rules);
  };
  await untilSeen('all rules ran', async () => (await rules()).every(({ health }) => health !== 'unknown'));
  expect((await rules()).filter(({ health }) => health !== 'ok')).toEqual([]);
  const expected = rulesOf(manifests({ name, image: 'iris:v1' })).groups.flatMap((group) => group.rules).length;
  expect(await rules()).toHaveLength(2 * expected);
});

monitoringTest('an alert fires for the model that cannot be loaded, and none for the other service', async () => {
  interface Alert {
    readonly state: string;
    readonly labels: Labels;
  }
  const firing = async (): Promise<readonly Labels[]> => {
    const { alerts } = await prometheus.get<{ alerts: readonly Alert[] }>('alerts');
    return alerts.filter(({ state }) => state === 'firing').map(({ labels }) => labels);
  };
  const isExpected = ({ alertname, service }: Labels): boolean =>
    alertname === 'RhizomeModelNotLoaded' && service === broken;
  await untilSeen('RhizomeModelNotLoaded fires', async () => (await firing()).some(isExpected));
  const alert = (await firing()).find((labels) => isExpected(labels) && labels['namespace'] === namespace);
  expect(alert).toMatchObject({ model: 'broken', severity: 'warning' });
  expect((await firing()).filter(({ service }) => service === name)).toEqual([]);
});
