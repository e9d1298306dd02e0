import { Testing } from 'cdk8s';
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
