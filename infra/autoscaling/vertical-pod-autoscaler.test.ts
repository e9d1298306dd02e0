import { PredictionService } from '../constructs/prediction-service.ts';
import { at, minimalProps, only, problemsOf, synthesized } from '../fixtures/manifests.ts';
import { InvalidPropsError } from '../props/invalid-props-error.ts';
import { Autoscaling } from './autoscaling.ts';
import { VerticalPodAutoscaler, type VerticalPodAutoscalerProps } from './vertical-pod-autoscaler.ts';

test('it only recommends, and leaves the number of replicas to the Deployment or another autoscaler', () => {
  const manifests = synthesized((chart) => {
    const service = new PredictionService(chart, 'service', { ...minimalProps, namespace: 'flowers' });
    new VerticalPodAutoscaler(chart, 'vertical', { service });
  });
  expect(problemsOf(manifests)).toEqual([]);
  expect(only(manifests, 'VerticalPodAutoscaler')).toEqual({
    apiVersion: 'autoscaling.k8s.io/v1',
    kind: 'VerticalPodAutoscaler',
    metadata: {
      name: 'iris-server',
      namespace: 'flowers',
      labels: expect.objectContaining({ 'app.kubernetes.io/managed-by': 'rhizome' }) as unknown,
    },
    spec: {
      targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'iris-server' },
      updatePolicy: { updateMode: 'Off' },
    },
  });
  expect(at(only(manifests, 'Deployment'), 'spec.replicas')).toBe(2);
});

test('it can be used beside an Autoscaling', () => {
  const kinds = synthesized((chart) => {
    const service = new PredictionService(chart, 'service', minimalProps);
    new VerticalPodAutoscaler(chart, 'vertical', { service });
    new Autoscaling(chart, 'autoscaling', { service, maxReplicas: 4 });
  }).map(({ kind }) => kind);
  expect(kinds).toEqual(expect.arrayContaining(['VerticalPodAutoscaler', 'HorizontalPodAutoscaler']));
});

test.each<[object, string]>([
  [{}, 'service: undefined is missing'],
  [{ updateMode: 'Auto' }, 'updateMode: "Auto" is set, but there is no such prop'],
])('invalid props are refused (%j)', (props, message) => {
  const build = (): unknown =>
    synthesized((chart) => new VerticalPodAutoscaler(chart, 'vertical', props as VerticalPodAutoscalerProps));
  expect(build).toThrow(InvalidPropsError);
  expect(build).toThrow(message);
});
