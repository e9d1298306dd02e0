import { Chart, JsonPatch, Testing, type App } from 'cdk8s';
import { Autoscaling } from '../autoscaling/autoscaling.ts';
import { KedaAutoscaling } from '../autoscaling/keda-autoscaling.ts';
import { PredictionChart, type PredictionChartProps } from '../charts/prediction-chart.ts';
import { at, minimalProps, only, problemsOf, synthesized } from '../fixtures/manifests.ts';
import { TenantNamespace, type TenantNamespaceProps } from './tenant-namespace.ts';

// Two pods of a service, and the one of a rolling update, have limits of 3 CPUs and 1536Mi.
const quota = { cpu: { request: '4', limit: '8' }, memory: { request: '4Gi', limit: '8Gi' } };
const tenant = (props: Partial<TenantNamespaceProps> = {}) =>
  synthesized((chart) => new TenantNamespace(chart, 'tenant', { name: 'flowers', quota, ...props }));

test('Namespace, quota, defaults of containers, and a policy that denies every connection', () => {
  const manifests = tenant();
  expect(problemsOf(manifests)).toEqual([]);
  expect(manifests.map(({ kind, metadata }) => `${kind}/${metadata.name}`)).toEqual([
    'Namespace/flowers',
    'ResourceQuota/quota',
    'LimitRange/container-defaults',
    'NetworkPolicy/default-deny',
  ]);
  expect(only(manifests, 'Namespace').metadata.labels).toMatchObject({
    'pod-security.kubernetes.io/enforce': 'restricted',
  });
  expect(at(only(manifests, 'ResourceQuota'), 'spec.hard')).toEqual({
    'requests.cpu': '4',
    'limits.cpu': '8',
    'requests.memory': '4Gi',
    'limits.memory': '8Gi',
    'services.nodeports': '0',
    'services.loadbalancers': '0',
  });
  expect(at(only(manifests, 'LimitRange'), 'spec.limits')).toEqual([
    {
      type: 'Container',
      defaultRequest: { cpu: '250m', memory: '256Mi', 'ephemeral-storage': '64Mi' },
      default: { cpu: '1', memory: '512Mi', 'ephemeral-storage': '256Mi' },
    },
  ]);
  expect(at(only(manifests, 'NetworkPolicy'), 'spec')).toEqual({
    podSelector: {},
    policyTypes: ['Ingress', 'Egress'],
  });
});

test('its objects do not have the labels by which `rhizome up` and `down` find those of a service', () => {
  for (const { metadata } of tenant())
    expect(metadata.labels).toMatchObject({
      'app.kubernetes.io/name': 'rhizome-tenant',
      'app.kubernetes.io/instance': 'flowers',
    });
});

test('every prop reaches the manifests', () => {
  const manifests = tenant({
    quota: {
      cpu: { request: '1', limit: 'none' },
      memory: quota.memory,
      ephemeralStorage: { request: '1Gi', limit: '2Gi' },
      pods: 10,
      nodePorts: 2,
      loadBalancers: 1,
    },
    containerDefaults: { memory: { request: '1Gi', limit: '2Gi' } },
  });
  expect(problemsOf(manifests)).toEqual([]);
  expect(at(only(manifests, 'ResourceQuota'), 'spec.hard')).toEqual({
    'requests.cpu': '1',
    'requests.memory': '4Gi',
    'limits.memory': '8Gi',
    'requests.ephemeral-storage': '1Gi',
    'limits.ephemeral-storage': '2Gi',
    pods: '10',
    'services.nodeports': '2',
    'services.loadbalancers': '1',
  });
  const limits = at(only(manifests, 'LimitRange'), 'spec.limits.0');
  expect(at(limits, 'default')).toEqual({ memory: '2Gi', 'ephemeral-storage': '256Mi' });
  expect(at(limits, 'defaultRequest')).toMatchObject({ memory: '1Gi' });
});

test.each<[Partial<TenantNamespaceProps>, RegExp]>([
  [{ name: 'a_b' }, /name: "a_b" is not a valid name/],
  [{ quota: { ...quota, cpu: { request: '2', limit: '1' } } }, /quota\.cpu\.limit: "1" is below the request/],
  [
    { quota: { ...quota, memory: { request: '0', limit: 'x' } } },
    /memory\.request: "0" is not .*\n.*\n.*memory\.limit/,
  ],
  [{ quota: { ...quota, pods: -1 } }, /quota\.pods: -1 is not a number of objects/],
  [{ quota: { cpu: quota.cpu } as never }, /quota\.memory: undefined is missing/],
  [{ quota: { ...quota, gpus: 1 } as never }, /quota\.gpus: 1 is set, but there is no such prop/],
  [{ containerDefaults: { cpu: { request: '1', limit: '' } } }, /containerDefaults\.cpu\.limit: "" is not a quantity/],
])('refuses %j', (props, message) => {
  expect(() => tenant(props)).toThrow(message);
});

describe('what the services need', () => {
  let app: App;
  beforeEach(() => {
    app = Testing.app();
  });
  const service = (name: string, props: Partial<PredictionChartProps> = {}) =>
    new PredictionChart(app, name, { ...minimalProps, name, namespace: 'flowers', ...props });
  const synthesize = (props: Partial<TenantNamespaceProps> = {}) => {
    new TenantNamespace(new Chart(app, 'team'), 'tenant', { name: 'flowers', quota, ...props });
    return app.synthYaml.bind(app);
  };
  /** A quota with a limit of CPU only. */
  const cpu = (limit: string) => ({ quota: { ...quota, cpu: { request: '1', limit } } });

  test('fits, to the last thousandth, with the pod of a rolling update of each', () => {
    service('iris');
    service('rose', { resources: { cpu: { request: '100m', limit: '1100m' } } });
    expect(synthesize({ quota: { ...quota, cpu: { request: '1050m', limit: '6300m' }, pods: 6 } })).not.toThrow();
  });

  test('does not fit: the message has the sum, and what each service contributes', () => {
    service('iris');
    service('rose', { replicas: 3, resources: { cpu: { request: '250m', limit: '500m' } } });
    service('elsewhere', { namespace: 'cellar', replicas: 100 });
    expect(synthesize({ quota: { ...quota, cpu: { request: '2', limit: '4' }, pods: 6 } })).toThrow(
      "TenantNamespace 'flowers' has 2 invalid props:\n" +
        '  quota.cpu.limit: "4" is less than its services need, 5: iris 3 × 1, rose 4 × 500m.\n' +
        '    Raise it, or lower `replicas`, `maxReplicas` or `resources`. ' +
        'Each service needs room for the pod that a rolling update starts in addition.\n' +
        '  quota.pods: 6 is less than the 7 pods of its services: iris 3, rose 4.\n',
    );
  });

  test.each(['Autoscaling', 'KedaAutoscaling'] as const)('counts the most pods of %s', (kind) => {
    const { service: target } = service('iris');
    const scaled = new Chart(app, 'scaled');
    if (kind === 'Autoscaling') new Autoscaling(scaled, 'a', { service: target, maxReplicas: 8 });
    else {
      const prometheus = 'http://prometheus.monitoring:9090';
      new KedaAutoscaling(scaled, 'a', { service: target, maxReplicas: 8, prometheus, requestsInFlight: 8 });
    }
    expect(synthesize(cpu('8'))).toThrow(/"8" is less than its services need, 9: iris 9 × 1\./);
  });

  test('counts what patches have changed: percentages, sidecars, containers without resources', () => {
    const { deployment } = service('iris', { replicas: 5 }).service;
    deployment.addJsonPatch(
      JsonPatch.replace('/spec/strategy/rollingUpdate/maxSurge', '30%'),
      JsonPatch.add('/spec/template/spec/containers/-', { name: 'proxy', image: 'proxy:v1' }),
      JsonPatch.add('/spec/template/spec/initContainers', [
        { name: 'mesh', image: 'mesh:v1', restartPolicy: 'Always', resources: { limits: { cpu: '500m' } } },
        { name: 'fetch', image: 'fetch:v1', resources: { limits: { cpu: '2' } } },
      ]),
    );
    expect(synthesize(cpu('8'))).toThrow(/need, 17500m: iris 7 × 2500m\./);
  });

  test('a service without a limit needs a quota without one', () => {
    service('iris', { resources: { cpu: { request: '1', limit: 'none' } } });
    const limited = synthesize();
    expect(limited).toThrow(/quota\.cpu\.limit: "8" needs a limit of every pod, and iris has none/);
  });

  test('with a quota without one, no default limit is put on it', () => {
    service('iris', { resources: { cpu: { request: '1', limit: 'none' } } });
    expect(synthesize({ quota: { ...quota, cpu: { request: '4', limit: 'none' } } })).not.toThrow();
  });

  test('node ports count', () => {
    service('iris', { nodePort: 30080, grpcNodePort: 30081 });
    expect(synthesize()).toThrow(/quota\.nodePorts: 0 is less than its Services need, 2: iris\./);
  });

  test('without replicas nothing is needed', () => {
    service('iris', { replicas: 0 });
    expect(synthesize(cpu('1'))).not.toThrow();
  });

  test('a Namespace that a service creates too is refused, as kubectl delete of one would take both', () => {
    service('iris', { createNamespace: true });
    expect(synthesize()).toThrow(/name: "flowers" is created a second time, by iris\/namespace/);
  });

  test('charts limits the sum to those of this cluster', () => {
    service('iris');
    service('staging', { replicas: 50 });
    expect(synthesize({ charts: ['iris'] })).not.toThrow();
  });

  test('charts that do not exist are named', () => {
    service('iris');
    expect(synthesize({ charts: ['iris', 'iriz'] })).toThrow(
      /charts: \["iriz"\] are not charts .*\n +The app has .*iris/,
    );
  });
});
