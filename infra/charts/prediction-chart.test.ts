import { Testing } from 'cdk8s';
import { HorizontalPodAutoscaler, k8s, Metric, MetricTarget } from 'cdk8s-plus-27';
import { PredictionChart, type PredictionChartProps } from './prediction-chart.ts';
import { at, minimalProps, only, type Manifest } from '../fixtures/manifests.ts';

const chart = (props: Partial<PredictionChartProps> = {}) =>
  Testing.synth(new PredictionChart(Testing.app(), 'test', { ...minimalProps, ...props })) as Manifest[];

test('the Namespace comes first, so that one apply creates everything', () => {
  expect(chart().map(({ kind }) => kind)).toEqual([
    'Namespace',
    'ServiceAccount',
    'ConfigMap',
    'Deployment',
    'Service',
    'Service',
    'PodDisruptionBudget',
    'NetworkPolicy',
  ]);
});

test('namespace sets the Namespace and the namespace of every object', () => {
  const manifests = chart({ namespace: 'flowers' });
  expect(only(manifests, 'Namespace').metadata.name).toBe('flowers');
  expect(only(manifests, 'Deployment').metadata).toMatchObject({ name: 'iris-server', namespace: 'flowers' });
});

test('priority creates a PriorityClass for the whole cluster, which the pods use', () => {
  const manifests = chart({ priority: 7 });
  expect(only(manifests, 'PriorityClass')).toMatchObject({ value: 7, metadata: { name: 'iris-server' } });
  expect(only(manifests, 'PriorityClass').metadata).not.toHaveProperty('namespace');
  expect(at(only(manifests, 'Deployment'), 'spec.template.spec.priorityClassName')).toBe('iris-server');
});

test('an autoscaler and an Ingress can refer to its service, and get its labels', () => {
  const own = new PredictionChart(Testing.app(), 'test', { ...minimalProps, namespace: 'flowers', priority: 7 });
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
