import { PredictionService } from '../constructs/prediction-service.ts';
import { at, minimalProps, only, problemsOf, synthesized } from '../fixtures/manifests.ts';
import { InvalidPropsError } from '../props/invalid-props-error.ts';
import { Autoscaling } from './autoscaling.ts';
import { KedaAutoscaling, type KedaAutoscalingProps } from './keda-autoscaling.ts';

type Props = Omit<KedaAutoscalingProps, 'service'>;
const minimal = { maxReplicas: 10, prometheus: 'http://prometheus.monitoring:9090', requestsInFlight: 8 };
const elsewhere = { query: 'sum(rate(gateway_requests_total[1m])) or vector(0)', perReplica: 50 };

function autoscaled(props: Partial<Props> = {}) {
  const manifests = synthesized((chart) => {
    const service = new PredictionService(chart, 'service', { ...minimalProps, namespace: 'flowers', replicas: 3 });
    new KedaAutoscaling(chart, 'autoscaling', { service, ...minimal, ...props });
  });
  expect(problemsOf(manifests)).toEqual([]);
  return manifests;
}
const scaledObject = (props: Partial<Props> = {}) => only(autoscaled(props), 'ScaledObject');

test('by default it never runs fewer pods than the service had, nor fewer while Prometheus is down', () => {
  const { metadata, spec } = scaledObject();
  expect(metadata).toMatchObject({ name: 'iris-server', namespace: 'flowers' });
  expect(spec).toEqual({
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'iris-server' },
    minReplicaCount: 3,
    maxReplicaCount: 10,
    pollingInterval: 15,
    fallback: { failureThreshold: 3, replicas: 3, behavior: 'currentReplicasIfHigher' },
    advanced: {
      restoreToOriginalReplicaCount: false,
      horizontalPodAutoscalerConfig: {
        behavior: {
          scaleUp: {
            stabilizationWindowSeconds: 0,
            selectPolicy: 'Max',
            policies: [
              { type: 'Pods', value: 4, periodSeconds: 15 },
              { type: 'Percent', value: 100, periodSeconds: 15 },
            ],
          },
          scaleDown: {
            stabilizationWindowSeconds: 300,
            selectPolicy: 'Max',
            policies: [
              { type: 'Pods', value: 1, periodSeconds: 60 },
              { type: 'Percent', value: 10, periodSeconds: 60 },
            ],
          },
        },
      },
    },
    triggers: [
      {
        type: 'prometheus',
        metricType: 'AverageValue',
        metadata: {
          serverAddress: 'http://prometheus.monitoring:9090',
          query:
            'sum(avg_over_time(rhizome_requests_in_flight' +
            '{namespace="flowers",pod=~"iris-server-[a-z0-9]+-[a-z0-9]+"}[1m]))',
          threshold: '8',
          ignoreNullValues: 'false',
        },
      },
    ],
  });
  expect(at(only(autoscaled(), 'Deployment'), 'spec')).not.toHaveProperty('replicas');
});

test.each<[keyof Props, Partial<Props>, string, unknown]>([
  ['maxReplicas', { maxReplicas: 7 }, 'spec.maxReplicaCount', 7],
  ['minReplicas', { minReplicas: 5 }, 'spec.minReplicaCount', 5],
  ['minReplicas', { minReplicas: 5 }, 'spec.fallback.replicas', 5],
  ['allowSingleReplica', { allowSingleReplica: true, minReplicas: 1 }, 'spec.minReplicaCount', 1],
  ['prometheus', { prometheus: 'https://thanos:443' }, 'spec.triggers.0.metadata.serverAddress', 'https://thanos:443'],
  ['queuedRows', { queuedRows: 1.5 }, 'spec.triggers.1.metadata.threshold', '1.5'],
  ['queries', { queries: [elsewhere] }, 'spec.triggers.1.metadata.query', elsewhere.query],
  ['queries', { queries: [elsewhere] }, 'spec.triggers.1.metadata.threshold', '50'],
  ['queries', { queries: [{ ...elsewhere, activation: 2 }] }, 'spec.triggers.1.metadata.activationThreshold', '2'],
  ['pollingSeconds', { pollingSeconds: 30 }, 'spec.pollingInterval', 30],
  [
    'scaleUp',
    { scaleUp: { pods: 2 } },
    'spec.advanced.horizontalPodAutoscalerConfig.behavior.scaleUp.policies.0.value',
    2,
  ],
  [
    'scaleDown',
    { scaleDown: { stabilizationSeconds: 60 } },
    'spec.advanced.horizontalPodAutoscalerConfig.behavior.scaleDown.stabilizationWindowSeconds',
    60,
  ],
])('%s reaches the manifest (%j)', (_prop, props, path, value) => {
  expect(at(scaledObject(props), path)).toEqual(value);
});

test('with scaleToZero no pod runs without load; with load, never fewer than the minimum', () => {
  const { spec } = scaledObject({ scaleToZero: true, queries: [elsewhere] });
  expect(spec).toMatchObject({ idleReplicaCount: 0, minReplicaCount: 3, cooldownPeriod: 300 });
  // Without pods, there is nothing to count in flight. That is no error, which would start pods.
  expect(at(spec, 'triggers.0.metadata.ignoreNullValues')).toBe('true');
  expect(at(spec, 'triggers.1.metadata')).toMatchObject({ activationThreshold: '0', ignoreNullValues: 'false' });
  const later = scaledObject({ scaleToZero: true, queries: [elsewhere], cooldownSeconds: 60 });
  expect(at(later, 'spec.cooldownPeriod')).toBe(60);
});

const own = { query: 'sum(rate(rhizome_requests_total[1m]))', perReplica: 5 };
test.each<[string, object, string]>([
  ['scaleToZero', { scaleToZero: true }, 'could never start a pod: without one, the service has no metrics'],
  ['scaleToZero', { scaleToZero: true, queries: [own] }, 'Add one of queries that measures the load elsewhere'],
  ['queries', { requestsInFlight: undefined }, '[] leave KEDA nothing to scale by'],
  ['queries.0.query', { queries: [{ perReplica: 1 }] }, 'is not a query'],
  ['queries.0.perReplica', { queries: [{ query: 'up', perReplica: 0 }] }, '0 is not a valid target'],
  ['queries.0.activation', { queries: [{ ...elsewhere, activation: -1 }] }, '-1 is not a valid bound'],
  ['prometheus', { prometheus: 'prometheus:9090' }, '"prometheus:9090" is not a URL'],
  ['prometheus', { prometheus: undefined }, 'is missing'],
  ['requestsInFlight', { requestsInFlight: -1 }, '-1 is not a valid target'],
  ['queuedRows', { queuedRows: 0 }, '0 is not a valid target'],
  ['pollingSeconds', { pollingSeconds: 0 }, '0 is out of range'],
  ['cooldownSeconds', { cooldownSeconds: -1 }, '-1 is out of range'],
  ['minReplicas', { minReplicas: 0 }, '0 is not a valid minimum'],
  ['maxReplicas', { maxReplicas: 2 }, '2 is not a valid maximum.\n    Use a whole number, 3 (minReplicas) or more.'],
  ['scaleUp.percent', { scaleUp: { percent: -1 } }, '-1 is out of range'],
  ['cpuUtilization', { cpuUtilization: 70 }, 'is set, but there is no such prop'],
])('%s: an invalid value is refused (%j)', (prop, props, message) => {
  const build = (): unknown => scaledObject(props);
  expect(build).toThrow(InvalidPropsError);
  expect(build).toThrow(`\n  ${prop}: `);
  expect(build).toThrow(message);
});

test('beside an Autoscaling it is refused: KEDA creates a HorizontalPodAutoscaler itself', () => {
  const build = (): unknown =>
    synthesized((chart) => {
      const service = new PredictionService(chart, 'service', minimalProps);
      new Autoscaling(chart, 'autoscaling', { service, maxReplicas: 10 });
      new KedaAutoscaling(chart, 'keda', { service, ...minimal });
    });
  expect(build).toThrow('service: "iris-server" has an autoscaler already');
});
