import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { k8s } from 'cdk8s-plus-27';
import { parse } from 'yaml';
import { metrics } from '../../service/contract/index.ts';
import { HorizontalPodAutoscaler, Metric, MetricTarget } from 'cdk8s-plus-27';
import { PredictionService } from '../constructs/prediction-service.ts';
import { at, minimalProps, only, problemsOf, synthesized } from '../fixtures/manifests.ts';
import { InvalidPropsError } from '../props/invalid-props-error.ts';
import type { PredictionServiceProps } from '../props/prediction-service-props.ts';
import { Autoscaling, type AutoscalingProps } from './autoscaling.ts';

type Props = Omit<AutoscalingProps, 'service'>;

function autoscaled(props: Partial<Props> = {}, serviceProps: Partial<PredictionServiceProps> = {}) {
  const manifests = synthesized((chart) => {
    const service = new PredictionService(chart, 'service', { ...minimalProps, namespace: 'flowers', ...serviceProps });
    new Autoscaling(chart, 'autoscaling', { service, maxReplicas: 10, ...props });
  });
  expect(problemsOf(manifests)).toEqual([]);
  return manifests;
}
const autoscaler = (props: Partial<Props> = {}, serviceProps: Partial<PredictionServiceProps> = {}) =>
  only(autoscaled(props, serviceProps), 'HorizontalPodAutoscaler');

test('by default it scales by CPU: up at once, down after five minutes, and never below the replicas of before', () => {
  expect(autoscaler({}, { replicas: 4 })).toEqual({
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: {
      name: 'iris-server',
      namespace: 'flowers',
      labels: {
        'app.kubernetes.io/name': 'iris-server',
        'app.kubernetes.io/instance': 'iris-server',
        'app.kubernetes.io/managed-by': 'rhizome',
      },
    },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'iris-server' },
      minReplicas: 4,
      maxReplicas: 10,
      metrics: [
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } },
      ],
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
  });
});

test('the Deployment has no number of replicas, which each apply would reset', () => {
  expect(at(only(autoscaled({}, { replicas: 4 }), 'Deployment'), 'spec')).not.toHaveProperty('replicas');
});

test.each<[keyof Props, Partial<Props>, string, unknown]>([
  ['maxReplicas', { maxReplicas: 7 }, 'spec.maxReplicas', 7],
  ['minReplicas', { minReplicas: 3 }, 'spec.minReplicas', 3],
  ['allowSingleReplica', { allowSingleReplica: true, minReplicas: 1 }, 'spec.minReplicas', 1],
  ['cpuUtilization', { cpuUtilization: 50 }, 'spec.metrics.0.resource.target.averageUtilization', 50],
  [
    'requestsInFlight',
    { requestsInFlight: 8 },
    'spec.metrics',
    [
      {
        type: 'Pods',
        pods: { metric: { name: 'rhizome_requests_in_flight' }, target: { type: 'AverageValue', averageValue: '8' } },
      },
    ],
  ],
  ['queuedRows', { queuedRows: 2.5 }, 'spec.metrics.0.pods.metric.name', 'rhizome_queue_rows'],
  ['queuedRows', { queuedRows: 2.5 }, 'spec.metrics.0.pods.target.averageValue', '2500m'],
  ['scaleUp', { scaleUp: { pods: 2 } }, 'spec.behavior.scaleUp.policies.0.value', 2],
  ['scaleUp', { scaleUp: { percent: 50 } }, 'spec.behavior.scaleUp.policies.1.value', 50],
  ['scaleDown', { scaleDown: { periodSeconds: 30 } }, 'spec.behavior.scaleDown.policies.0.periodSeconds', 30],
  ['scaleDown', { scaleDown: { stabilizationSeconds: 0 } }, 'spec.behavior.scaleDown.stabilizationWindowSeconds', 0],
])('%s reaches the manifest (%j)', (_prop, props, path, value) => {
  expect(at(autoscaler(props), path)).toEqual(value);
});

test('several targets can be combined: the one that needs the most pods counts', () => {
  const metrics = at(autoscaler({ cpuUtilization: 60, requestsInFlight: 8, queuedRows: 1 }), 'spec.metrics');
  expect((metrics as readonly k8s.MetricSpecV2[]).map(({ type }) => type)).toEqual(['Resource', 'Pods', 'Pods']);
});

test('a single pod as the minimum needs a waiver, also if the service has one replica', () => {
  expect(() => autoscaler({}, { replicas: 1 })).toThrow('minReplicas: 1 is not a valid minimum');
  expect(at(autoscaler({ minReplicas: 2 }, { replicas: 1 }), 'spec.minReplicas')).toBe(2);
});

test.each<[string, object, string]>([
  ['maxReplicas', { maxReplicas: undefined }, 'undefined is missing'],
  ['maxReplicas', { maxReplicas: 1 }, '1 is not a valid maximum.\n    Use a whole number, 2 (minReplicas) or more.'],
  ['maxReplicas', { maxReplicas: 2.5 }, '2.5 is not a valid maximum'],
  ['maxReplicas', { maxReplicas: 3e9 }, '3000000000 is not a valid maximum'],
  ['maxReplicas', { maxReplicas: '10' }, '"10" is not a number'],
  [
    'minReplicas',
    { minReplicas: 1 },
    '1 is not a valid minimum.\n    Use a whole number, 2 or more, or set allowSingle',
  ],
  ['minReplicas', { minReplicas: 0, allowSingleReplica: true }, '0 is not a valid minimum'],
  ['cpuUtilization', { cpuUtilization: 0 }, '0 is not a valid target'],
  ['cpuUtilization', { cpuUtilization: 0.7 }, '0.7 is not a valid target'],
  // The limit is four times the request, and the autoscaler ignores the last tenth.
  ['cpuUtilization', { cpuUtilization: 364 }, "would never add a pod: with the limit '1', pods use at most 400 % of"],
  ['requestsInFlight', { requestsInFlight: 0 }, '0 is not a valid target'],
  ['queuedRows', { queuedRows: Number.NaN }, 'NaN is not a valid target'],
  ['scaleUp.pods', { scaleUp: { pods: 0 } }, '0 is out of range'],
  ['scaleUp.periodSeconds', { scaleUp: { periodSeconds: 1801 } }, 'Use a whole number from 1 to 1800.'],
  ['scaleDown.stabilizationSeconds', { scaleDown: { stabilizationSeconds: 3601 } }, 'from 0 to 3600'],
  ['scaleDown.pod', { scaleDown: { pod: 1 } }, 'Did you mean pods?'],
  ['maxReplica', { maxReplica: 3 }, 'Did you mean maxReplicas?'],
])('%s: an invalid value is refused (%j)', (prop, props, message) => {
  const build = (): unknown => autoscaler(props);
  expect(build).toThrow(InvalidPropsError);
  expect(build).toThrow(`\n  ${prop}: `);
  expect(build).toThrow(message);
});

test('the highest CPU target that can add a pod is accepted, and any without a limit', () => {
  expect(at(autoscaler({ cpuUtilization: 363 }), 'spec.metrics.0.resource.target.averageUtilization')).toBe(363);
  const cpu = { request: '1', limit: 'none' };
  expect(() => autoscaler({ cpuUtilization: 900 }, { resources: { cpu } })).not.toThrow();
  const tight = { request: '1', limit: '1' };
  expect(() => autoscaler({ cpuUtilization: 95 }, { resources: { cpu: tight } })).toThrow('Use at most 90,');
});

test('a second autoscaler of any kind is refused', () => {
  const build = (): unknown =>
    synthesized((chart) => {
      const service = new PredictionService(chart, 'service', minimalProps);
      const metrics = [Metric.resourceCpu(MetricTarget.averageUtilization(60))];
      new HorizontalPodAutoscaler(chart, 'own', { target: service, maxReplicas: 6, metrics });
      new Autoscaling(chart, 'autoscaling', { service, maxReplicas: 10 });
    });
  expect(build).toThrow('service: "iris-server" has an autoscaler already');
});

test('the rule of docs/scaling.md gives the Prometheus adapter the metrics that the manifests name', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/scaling.md'), 'utf8');
  const [, yaml = ''] = /```yaml\n(rules:[^`]*)```/.exec(page) ?? [];
  const { rules } = parse(yaml) as { rules: { custom: { seriesQuery: string; metricsQuery: string }[] } };
  const targets = at(autoscaler({ requestsInFlight: 8, queuedRows: 1 }), 'spec.metrics') as k8s.MetricSpecV2[];
  const [, series = ''] = /__name__=~"([^"]+)"/.exec(rules.custom[0]!.seriesQuery) ?? [];
  expect(series.split('|')).toEqual(targets.map(({ pods }) => pods?.metric.name));
  expect(series.split('|').every((name) => Object.values<string>(metrics).includes(name))).toBe(true);
  expect(rules.custom[0]!.metricsQuery).toBe(
    'sum(avg_over_time(<<.Series>>{<<.LabelMatchers>>}[1m])) by (<<.GroupBy>>)',
  );
});

test.each<[string, string[]]>([
  ['autoscaling', ['autoscaling', 'load-targets', 'replica-bounds', 'scaling-speed']],
  ['keda-autoscaling', ['keda-autoscaling']],
])('docs/scaling.md names every prop in %s.ts', (_, files) => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/scaling.md'), 'utf8');
  const props = files.flatMap((file) =>
    [...readFileSync(join(import.meta.dirname, `${file}.ts`), 'utf8').matchAll(/^ {2}readonly (\w+)\??:/gm)].map(
      ([, prop]) => `\`${prop}\``,
    ),
  );
  expect(props.filter((prop) => !page.includes(prop))).toEqual([]);
});
