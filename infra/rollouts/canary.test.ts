import { Autoscaling } from '../autoscaling/autoscaling.ts';
import { PredictionService } from '../constructs/prediction-service.ts';
import { at, minimalProps, problemsOf, synthesized, type Manifest } from '../fixtures/manifests.ts';
import { InvalidPropsError } from '../props/invalid-props-error.ts';
import type { PredictionServiceProps } from '../props/prediction-service-props.ts';
import { GatewayRoutes } from '../routes/gateway-routes.ts';
import { Canary, describeShare } from './canary.ts';
import type { CanaryOptions } from './canary-props.ts';

const parentRefs = [{ name: 'shared', namespace: 'gateways' }];
const routed = (service: PredictionService) =>
  new GatewayRoutes(service, 'routes', {
    service,
    parentRefs,
    hostnames: ['iris.example.com'],
    grpc: { hostnames: ['grpc.iris.example.com'] },
    ...(service.resolved.allowFrom && { admitFrom: [{ namespaceSelector: {} }] }),
  });

interface Setup {
  readonly service?: Partial<PredictionServiceProps>;
  readonly canary?: Partial<CanaryOptions>;
  readonly extend?: (service: PredictionService) => unknown;
}

function build({ service: own = {}, canary = {}, extend }: Setup = {}) {
  let share = '';
  const manifests = synthesized((chart) => {
    const props = { ...minimalProps, namespace: 'flowers', replicas: 9, ...own };
    const service = new PredictionService(chart, 'service', props);
    share = describeShare(new Canary(chart, 'canary', { service, weight: 10, ...canary }));
    extend?.(service);
  });
  return { manifests, share };
}
const find = (manifests: readonly Manifest[], kind: string, name: string): Manifest => {
  const found = manifests.find((manifest) => manifest.kind === kind && manifest.metadata.name === name);
  if (found === undefined) throw new Error(`there is no ${kind} ${name}`);
  return found;
};
const deployment = (setup: Setup) => find(build(setup).manifests, 'Deployment', 'iris-server-canary');
const service = (setup: Setup, name = 'iris-server') => find(build(setup).manifests, 'Service', name);

/** Returns whether a selector matches the pods of a Deployment. */
const selects = (selector: unknown, { spec }: Manifest): boolean => {
  const labels = at(spec, 'template.metadata.labels') as Record<string, string>;
  return Object.entries(selector as Record<string, string>).every(([key, value]) => labels[key] === value);
};

test('the Service selects the pods of both Deployments, and every other selector those of one', () => {
  const { manifests, share } = build();
  const [stable, canary] = ['iris-server', 'iris-server-canary'].map((name) => find(manifests, 'Deployment', name));
  for (const name of ['iris-server', 'iris-server-headless']) {
    const selector = at(find(manifests, 'Service', name), 'spec.selector');
    expect([name, selects(selector, stable!), selects(selector, canary!)]).toEqual([name, true, true]);
  }
  const own = at(find(manifests, 'Service', 'iris-server-canary'), 'spec.selector');
  expect([selects(own, stable!), selects(own, canary!)]).toEqual([false, true]);
  for (const [kind, path] of [
    ['Deployment', 'spec.selector.matchLabels'],
    ['PodDisruptionBudget', 'spec.selector.matchLabels'],
    ['NetworkPolicy', 'spec.podSelector.matchLabels'],
  ] as const) {
    const [first, second] = ['iris-server', 'iris-server-canary'].map((name) => at(find(manifests, kind, name), path));
    expect([selects(first, stable!), selects(first, canary!)]).toEqual([true, false]);
    expect([selects(second, stable!), selects(second, canary!)]).toEqual([false, true]);
  }
  const spread = (of: Manifest) => at(of, 'spec.template.spec.topologySpreadConstraints.0.labelSelector.matchLabels');
  expect(selects(spread(canary!), stable!)).toBe(false);
  expect([at(stable, 'spec.replicas'), at(canary, 'spec.replicas')]).toEqual([9, 1]);
  expect(share).toBe('the canary gets 10 % of the connections: it has 1 pod');
});

test.each<Setup>([{}, { service: { replicas: 2 }, canary: { split: 'gateway' }, extend: routed }])(
  'the manifests are valid (%j)',
  (setup) => {
    expect(problemsOf(build(setup).manifests)).toEqual([]);
  },
);

test('nothing of the service changes but the selectors of its Services', () => {
  const alone = synthesized(
    (chart) => new PredictionService(chart, 'service', { ...minimalProps, namespace: 'flowers', replicas: 9 }),
  );
  const { manifests } = build();
  const without = ({ spec, ...others }: Manifest): object => ({
    ...others,
    spec: { ...(spec as object), selector: 0 },
  });
  for (const manifest of alone) {
    const same = find(manifests, manifest.kind, manifest.metadata.name);
    if (manifest.kind === 'Service') expect(without(same)).toEqual(without(manifest));
    else expect(same).toEqual(manifest);
  }
});

test('the labels of all objects say which service they belong to, so that `rhizome up` and `down` find them', () => {
  for (const { kind, metadata } of build().manifests.filter(({ metadata: { name } }) => name.includes('canary')))
    expect([kind, metadata.labels]).toEqual([
      kind,
      expect.objectContaining({
        'app.kubernetes.io/name': 'iris-server',
        'app.kubernetes.io/instance': 'iris-server-canary',
        'app.kubernetes.io/component': 'canary',
        'app.kubernetes.io/managed-by': 'rhizome',
      }),
    ]);
});

test.each<[string, Partial<CanaryOptions>, string, unknown]>([
  ['image', { image: 'iris-server:v0.2.0' }, 'spec.template.spec.containers.0.image', 'iris-server:v0.2.0'],
  ['weight', { weight: 31 }, 'spec.replicas', 4],
  ['weight', { weight: 31 }, 'metadata.annotations.rhizome-kit/share-percent', '30.8'],
  ['traffic', { traffic: false }, 'metadata.annotations.rhizome-kit/share-percent', '0'],
  ['priorityClassName', { priorityClassName: 'low' }, 'spec.template.spec.priorityClassName', 'low'],
  ['apiKeySecret', {}, 'spec.template.spec.volumes.1.secret.secretName', 'iris-server-api-key'],
])('%s reaches the Deployment of the canary', (_prop, canary, path, value) => {
  const keys = path.split('.rhizome-kit/');
  const found = deployment({ canary });
  expect(keys[1] === undefined ? at(found, path) : found.metadata.annotations?.[`rhizome-kit/${keys[1]}`]).toEqual(
    value,
  );
});

const jwt = { issuer: 'https://login.example.com/', audience: 'iris', jwksUrl: 'https://login.example.com/jwks' };

test.each<[string, Setup, string | undefined]>([
  ['a service with tokens alone', { service: { jwt } }, undefined],
  ['one with tokens and keys', { service: { jwt, apiKeySecret: 'machines' } }, 'machines'],
  ['a canary with tokens of its own', { canary: { jwt } }, undefined],
  ['a service without a key', { service: { unauthenticated: 'a demo' } }, 'iris-server-api-key'],
  ['a prop that is undefined', { service: { apiKeySecret: undefined as never } }, 'iris-server-api-key'],
])('%s: the canary mounts the Secret that it has to have', (_what, setup, secret) => {
  const { volumes } = at(deployment(setup), 'spec.template.spec') as { volumes: readonly { secret?: object }[] };
  expect(volumes.flatMap((volume) => volume.secret ?? [])).toEqual(
    secret === undefined ? [] : [expect.objectContaining({ secretName: secret })],
  );
});

test('settings replace those of the service, whose node ports it leaves alone', () => {
  const own = { settings: { LOG_LEVEL: 'debug' }, nodePort: 30080 } as const;
  const map = (setup: Setup) =>
    build(setup).manifests.find(
      ({ kind, metadata }) => kind === 'ConfigMap' && metadata.name.startsWith('iris-server-canary-'),
    )?.['data'];
  expect(map({ service: own })).toMatchObject({ LOG_LEVEL: 'debug' });
  const changed = map({ service: own, canary: { settings: { STRICT_RANGES: 'true' } } });
  expect(changed).toMatchObject({ STRICT_RANGES: 'true' });
  expect(changed).not.toHaveProperty('LOG_LEVEL');
  expect(at(service({ service: own }, 'iris-server-canary'), 'spec.type')).toBe('ClusterIP');
});

test('without traffic, the Service selects the pods of the service alone', () => {
  const setup: Setup = { canary: { traffic: false } };
  const { manifests, share } = build(setup);
  const selector = at(find(manifests, 'Service', 'iris-server'), 'spec.selector');
  expect(selects(selector, find(manifests, 'Deployment', 'iris-server'))).toBe(true);
  expect(selects(selector, find(manifests, 'Deployment', 'iris-server-canary'))).toBe(false);
  expect(share).toBe('the canary runs in 1 pod and gets no requests');
});

test('GatewayRoutes divides requests by weight, and the Service does not', () => {
  const setup: Setup = { service: { replicas: 2 }, canary: { split: 'gateway' }, extend: routed };
  const { manifests, share } = build(setup);
  const backends = (kind: string) => at(find(manifests, kind, 'iris-server'), 'spec.rules.0.backendRefs');
  const expected = (port: number) => [
    { name: 'iris-server', port, weight: 90 },
    { name: 'iris-server-canary', port, weight: 10 },
  ];
  expect([backends('HTTPRoute'), backends('GRPCRoute')]).toEqual([expected(80), expected(8001)]);
  const selector = at(find(manifests, 'Service', 'iris-server'), 'spec.selector');
  expect(selects(selector, find(manifests, 'Deployment', 'iris-server-canary'))).toBe(false);
  expect(share).toBe('the canary gets 10 % of the requests that come through the gateway, in 1 pod');

  const held = build({ ...setup, canary: { split: 'gateway', traffic: false } }).manifests;
  expect(at(find(held, 'HTTPRoute', 'iris-server'), 'spec.rules.0.backendRefs.1.weight')).toBe(0);
  expect(at(deployment({ ...setup, canary: { split: 'gateway', replicas: 3 } }), 'spec.replicas')).toBe(3);
  const limited = build({ ...setup, service: { allowFrom: [] } }).manifests;
  expect(at(find(limited, 'NetworkPolicy', 'iris-server-canary-gateway'), 'spec.podSelector.matchLabels')).toEqual({
    'app.kubernetes.io/instance': 'iris-server-canary',
  });
});

test.each([
  [1, 50, 1, 50],
  [2, 33, 1, 33.3],
  [2, 80, 8, 80],
  [19, 5, 1, 5],
  [20, 13, 3, 13],
])('beside %d pods, a share of %d %% needs %d', (replicas, weight, pods, percent) => {
  const found = deployment({ service: { replicas }, canary: { weight } });
  expect([at(found, 'spec.replicas'), found.metadata.annotations?.['rhizome-kit/share-percent']]).toEqual([
    pods,
    String(percent),
  ]);
});

const autoscaled = (own: PredictionService) => new Autoscaling(own, 'scaling', { service: own, maxReplicas: 12 });

test.each<[string, Setup, string]>([
  ['weight', { canary: { weight: 0 } }, 'weight: 0 is not a share in percent'],
  ['weight', { canary: { weight: 100 } }, 'For 100, promote the canary'],
  ['weight', { canary: { weight: 2.5 } }, 'weight: 2.5 is not a share in percent'],
  [
    'weight',
    { service: { replicas: 2 } },
    'weight: 10 is not a share that pods can have: 1 beside the 2 of the service would get 33.3 %.\n' +
      "    Set replicas of the service to 9, use 33, or set split to 'gateway', and add GatewayRoutes.",
  ],
  ['weight', { service: { replicas: 0 } }, 'weight: 10 is not a share that pods can have'],
  ['weight', { service: { trafficDistribution: 'PreferClose', kubernetesVersion: '1.31' } }, 'stay in a zone'],
  ['replicas', { canary: { replicas: 2 } }, 'replicas: 2 has no effect: weight decides the number of pods'],
  ['replicas', { canary: { split: 'gateway', replicas: 0 } }, 'is not a number of pods that can get requests'],
  ['split', { canary: { split: 'mesh' as 'pods' } }, 'split: "mesh" is not one of pods, gateway'],
  ['image', { canary: { image: 'iris-server' } }, "PredictionService 'iris-server-canary' has 1 invalid prop"],
  ['grpc', { canary: { grpc: false } as object }, 'grpc: false is set, but there is no such prop'],
  ['wieght', { canary: { wieght: 2 } as object }, 'Did you mean weight?'],
  ['service', { extend: (own) => new Canary(own, 'again', { service: own, weight: 10 }) }, 'has a canary already'],
  ['service', { extend: autoscaled }, 'has a canary whose share is a number of pods'],
])('an invalid %s is refused (%j)', (_prop, setup, message) => {
  expect(() => build(setup)).toThrow(InvalidPropsError);
  expect(() => build(setup)).toThrow(message);
});

test('a canary comes before the routes, and after an autoscaler only if a gateway divides the requests', () => {
  const after = (first: (own: PredictionService) => unknown, split: 'pods' | 'gateway') => () =>
    synthesized((chart) => {
      const own = new PredictionService(chart, 'service', { ...minimalProps, replicas: 9 });
      first(own);
      new Canary(chart, 'canary', { service: own, weight: 10, split });
    });
  expect(after(routed, 'gateway')).toThrow('split: "gateway" is too late for the routes that exist already');
  expect(after(autoscaled, 'pods')).toThrow('an autoscaler changes the number of the others');
  expect(after(autoscaled, 'gateway')).not.toThrow();
});
