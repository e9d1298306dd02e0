import { Testing } from 'cdk8s';
import { HorizontalPodAutoscaler, k8s, Metric, MetricTarget } from 'cdk8s-plus-27';
import { PredictionChart, type PredictionChartProps } from './prediction-chart.ts';
import { isObjectName } from '../metadata/names.ts';
import { at, minimalProps, only, type Manifest } from '../fixtures/manifests.ts';

const chart = (props: Partial<PredictionChartProps> = {}) =>
  Testing.synth(new PredictionChart(Testing.app(), 'test', { ...minimalProps, ...props })) as Manifest[];

const kinds = [
  'ServiceAccount',
  'ConfigMap',
  'Deployment',
  'Service',
  'Service',
  'PodDisruptionBudget',
  'NetworkPolicy',
];

test('without createNamespace, deleting the chart leaves the Namespace, and the Secret in it', () => {
  expect(chart().map(({ kind }) => kind)).toEqual(kinds);
});

test('with createNamespace, the Namespace comes first, so that one apply creates everything', () => {
  const manifests = chart({ createNamespace: true, namespace: 'flowers' });
  expect(manifests.map(({ kind }) => kind)).toEqual(['Namespace', ...kinds]);
  expect(only(manifests, 'Namespace').metadata.name).toBe('flowers');
  expect(only(manifests, 'Deployment').metadata).toMatchObject({ name: 'iris-server', namespace: 'flowers' });
});

test('priority creates a PriorityClass for the whole cluster, which the pods use', () => {
  const manifests = chart({ priority: 7 });
  const { metadata, value } = only(manifests, 'PriorityClass');
  expect([metadata.name, value]).toEqual(['rhizome.iris-server.iris-server.priority-7', 7]);
  expect(metadata).not.toHaveProperty('namespace');
  expect(at(only(manifests, 'Deployment'), 'spec.template.spec.priorityClassName')).toBe(metadata.name);
});

test('each service and value has its own PriorityClass, which is immutable and may be deleted with a chart', () => {
  const names = [
    chart({ priority: 7 }),
    chart({ priority: 8 }),
    chart({ priority: -8 }),
    chart({ priority: 7, namespace: 'a' }),
    chart({ priority: 7, namespace: 'a', name: 'b' }),
    // Kubernetes reserves names of PriorityClasses that start with system-.
    chart({ priority: 7, name: 'system-iris' }),
  ].map((manifests) => only(manifests, 'PriorityClass').metadata.name);
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) {
    expect(isObjectName(name)).toBe(true);
    expect(name).not.toMatch(/^system-/);
  }
});

test.each([2e9, 1_000_000_001, -2_147_483_649, 1.5, Number.NaN])('priority %d is rejected', (priority) => {
  expect(() => chart({ priority })).toThrow(
    /priority: \S+ is not a priority that pods can have\.\n +Use .* 1000000000;/,
  );
});

test('an autoscaler and an Ingress can refer to its service, and get its labels', () => {
  const own = new PredictionChart(Testing.app(), 'test', {
    ...minimalProps,
    namespace: 'flowers',
    priority: 7,
    createNamespace: true,
  });
  const metadata = { name: 'extra', namespace: own.service.namespace };
  const metrics = [Metric.resourceCpu(MetricTarget.averageUtilization(60))];
  new HorizontalPodAutoscaler(own, 'autoscaler', { metadata, target: own.service, maxReplicas: 6, metrics });
  new k8s.KubeIngress(own, 'ingress', { metadata, spec: { defaultBackend: own.service.ingressBackend } });
  const manifests = Testing.synth(own) as Manifest[];
  expect(at(only(manifests, 'HorizontalPodAutoscaler'), 'spec.scaleTargetRef.name')).toBe('iris-server');
  expect(at(only(manifests, 'Ingress'), 'spec.defaultBackend.service')).toEqual({
    name: 'iris-server',
    port: { number: 80 },
  });
  expect(at(only(manifests, 'Deployment'), 'spec')).not.toHaveProperty('replicas');
  for (const kind of ['HorizontalPodAutoscaler', 'Ingress', 'Deployment', 'PriorityClass'])
    expect(only(manifests, kind).metadata.labels).toMatchObject({
      'app.kubernetes.io/managed-by': 'rhizome',
      'app.kubernetes.io/instance': 'iris-server',
    });
  expect(only(manifests, 'Namespace').metadata.labels['app.kubernetes.io/instance']).toBe('flowers');
});
