import { PredictionChart, type PredictionChartProps } from '../charts/prediction-chart.ts';
import { App, Testing } from 'cdk8s';
import { PredictionService } from '../constructs/prediction-service.ts';
import { at, minimalProps, problemsOf, synthesized, type Manifest } from '../fixtures/manifests.ts';
import { InvalidPropsError } from '../props/invalid-props-error.ts';
import { Shadow } from './shadow.ts';
import { shadowSettings, type ShadowOptions } from './shadow-props.ts';

const build = (rollout: PredictionChartProps['rollout'], props: Partial<PredictionChartProps> = {}) =>
  Testing.synth(
    new PredictionChart(new App(), 'test', { ...minimalProps, ...props, ...(rollout && { rollout }) }),
  ) as Manifest[];
const find = (manifests: readonly Manifest[], kind: string, name: string): Manifest => {
  const found = manifests.find(({ kind: other, metadata }) => other === kind && metadata.name === name);
  if (found === undefined) throw new Error(`there is no ${kind} ${name}`);
  return found;
};
/** Returns the settings of the pods of a Deployment. */
const settings = (manifests: readonly Manifest[], name: string): unknown => {
  const map = at(
    find(manifests, 'Deployment', name),
    'spec.template.spec.containers.0.envFrom.0.configMapRef.name',
  ) as string;
  return find(manifests, 'ConfigMap', map)['data'];
};

test('the service sends copies to the shadow, which nobody else may connect to', () => {
  const manifests = build({ shadow: { image: 'iris-server:v0.2.0' } }, { allowFrom: [] });
  expect(problemsOf(manifests)).toEqual([]);
  expect(settings(manifests, 'iris-server')).toMatchObject({ SHADOW_URL: 'http://iris-server-shadow.iris-server.svc' });
  const shadow = find(manifests, 'Deployment', 'iris-server-shadow');
  expect(at(shadow, 'spec.template.spec.containers.0.image')).toBe('iris-server:v0.2.0');
  expect(at(shadow, 'spec.replicas')).toBe(1);
  const labels = { 'app.kubernetes.io/name': 'iris-server', 'app.kubernetes.io/instance': 'iris-server' };
  expect(at(find(manifests, 'NetworkPolicy', 'iris-server-shadow'), 'spec.ingress.0')).toEqual({
    from: [{ podSelector: { matchLabels: labels } }],
    ports: [
      { port: 'http', protocol: 'TCP' },
      { port: 'grpc', protocol: 'TCP' },
    ],
  });
  expect(at(find(manifests, 'NetworkPolicy', 'iris-server'), 'spec.egress.1')).toEqual({
    to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'iris-server' } } }],
    ports: [{ port: 8000, protocol: 'TCP' }],
  });
});

test('neither the Service nor the shadow itself, nor a canary, sends requests or copies to a shadow', () => {
  const manifests = build(
    { shadow: { settings: { LOG_LEVEL: 'debug' } }, canary: { weight: 50 } },
    { settings: { STRICT_RANGES: 'true' } },
  );
  const labels = at(find(manifests, 'Deployment', 'iris-server-shadow'), 'spec.template.metadata.labels') as Record<
    string,
    string
  >;
  for (const name of ['iris-server', 'iris-server-headless', 'iris-server-canary']) {
    const selector = at(find(manifests, 'Service', name), 'spec.selector') as Record<string, string>;
    expect(Object.entries(selector).every(([key, value]) => labels[key] === value)).toBe(false);
  }
  for (const name of ['iris-server-shadow', 'iris-server-canary'])
    expect(settings(manifests, name)).not.toHaveProperty('SHADOW_URL');
  expect(settings(manifests, 'iris-server-shadow')).toMatchObject({ LOG_LEVEL: 'debug' });
  expect(settings(manifests, 'iris-server-canary')).toMatchObject({ STRICT_RANGES: 'true' });
});

test.each([
  [{ sample: 1 }, { SHADOW_SAMPLE: '1' }],
  [
    { sample: 0.25, tolerance: 1e-7 },
    { SHADOW_SAMPLE: '0.25', SHADOW_TOLERANCE: '0.0000001' },
  ],
  [{ replicas: 3 }, {}],
])('%j reaches the service as %j', (shadow, expected) => {
  const manifests = build({ shadow });
  expect(settings(manifests, 'iris-server')).toMatchObject(expected);
  expect(at(find(manifests, 'Deployment', 'iris-server-shadow'), 'spec.replicas')).toBe(
    'replicas' in shadow ? shadow.replicas : 1,
  );
});

test('the shadow of a service with tokens alone mounts no Secret with a key, which need not exist', () => {
  const jwt = { issuer: 'https://login.example.com/', audience: 'iris', jwksUrl: 'https://login.example.com/jwks' };
  const shadow = find(build({ shadow: {} }, { jwt }), 'Deployment', 'iris-server-shadow');
  expect(JSON.stringify(at(shadow, 'spec.template.spec.volumes'))).not.toContain('api-key');
});

test('without a shadow, the manifests are as before', () => {
  expect(build({})).toEqual(build(undefined));
});

test.each<[PredictionChartProps['rollout'], string]>([
  [{ shadow: { sample: 2 } }, 'settings.SHADOW_SAMPLE: "2" is not a value that the service accepts'],
  [{ shadow: { tolerance: -1 } }, 'settings.SHADOW_TOLERANCE: "-1" is not a value that the service accepts'],
  [{ shadow: { replicas: 0 } }, 'replicas: 0 is not a number of pods'],
  [{ shadow: { image: 'iris-server' } }, "PredictionService 'iris-server-shadow' has 1 invalid prop"],
  [{ shadow: { allowFrom: [] } as ShadowOptions }, 'rollout.shadow.allowFrom: [] is set, but there is no such prop'],
  [{ shadow: { smaple: 1 } as ShadowOptions }, 'Did you mean sample?'],
])('%j is refused', (rollout, message) => {
  expect(() => build(rollout)).toThrow(InvalidPropsError);
  expect(() => build(rollout)).toThrow(message);
});

test('a service that does not send copies has no shadow', () => {
  const create = (own: object) => () =>
    synthesized((chart) => {
      const service = new PredictionService(chart, 'service', { ...minimalProps, settings: own });
      new Shadow(chart, 'shadow', { service });
    });
  expect(create({})).toThrow(
    'service: "iris-server" has the setting SHADOW_URL unset, not http://iris-server-shadow.iris-server.svc',
  );
  expect(create(shadowSettings({ name: 'iris-server' }))).not.toThrow();
});
