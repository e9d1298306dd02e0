/** Uses the constructs as other projects do: imported from index.ts, next to other charts and cdk8s-plus objects. */
import { App, Chart, JsonPatch, Testing } from 'cdk8s';
import { ConfigMap, HorizontalPodAutoscaler, k8s, Metric, MetricTarget } from 'cdk8s-plus-27';
import type { HTTPIngressPath } from 'kubernetes-types/networking/v1.js';
import { localProfile, PredictionChart, PredictionService, productionProfile, RestrictedNamespace } from './index.ts';
import { at, only, type Manifest } from './fixtures/manifests.ts';
import { kubernetesVersions } from './kubernetes-schemas/versions.ts';
import { validateManifests } from './kubernetes-schemas/validate.ts';

const app = new App();

const web = new Chart(app, 'web');
new ConfigMap(web, 'page', { metadata: { name: 'page', namespace: 'web' }, data: { title: 'Flowers' } });

new PredictionChart(app, 'wine', { ...localProfile, name: 'wine-server', image: 'wine-server:v1' });

const both = new Chart(app, 'both');
new RestrictedNamespace(both, 'namespace', { name: 'flowers' });
const [iris, rose] = (['iris', 'rose'] as const).map(
  (name) =>
    new PredictionService(both, name, {
      ...productionProfile,
      name,
      namespace: 'flowers',
      image: `registry.example/${name}:v1`,
      unpinnedImage: 'an example',
      replicas: 3,
    }),
) as [PredictionService, PredictionService];

new k8s.KubeIngress(both, 'ingress', {
  metadata: { name: 'flowers', namespace: iris.namespace },
  spec: {
    rules: [
      {
        host: 'flowers.example',
        http: {
          paths: [
            { path: '/iris', pathType: 'Prefix', backend: iris.ingressBackend },
            { path: '/rose', pathType: 'Prefix', backend: rose.ingressBackend },
          ],
        },
      },
    ],
  },
});
new HorizontalPodAutoscaler(both, 'autoscaler', {
  metadata: { name: 'iris', namespace: iris.namespace },
  target: iris,
  minReplicas: 2,
  maxReplicas: 6,
  metrics: [Metric.resourceCpu(MetricTarget.averageUtilization(60))],
});
const extra = new ConfigMap(both, 'extra', {
  metadata: { name: 'rose-extra', namespace: rose.namespace },
  data: { LOG_LEVEL: 'debug' },
});
rose.deployment.addJsonPatch(
  JsonPatch.add('/spec/template/spec/containers/0/envFrom/-', { configMapRef: { name: extra.name } }),
);

const manifests = Testing.synth(both) as Manifest[];
const named = (kind: string, name: string) =>
  only(
    manifests.filter(({ metadata }) => metadata.name === name),
    kind,
  );

test.each(kubernetesVersions)('every manifest is valid for Kubernetes %s', (version) => {
  expect(app.charts.map(({ node }) => node.id).sort()).toEqual(['both', 'web', 'wine']);
  expect(validateManifests(app.synthYaml(), version)).toEqual([]);
});

test('two services in a chart share the namespace, but no other object', () => {
  const ids = manifests.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.filter((id) => /^(Deployment|Service|PodDisruptionBudget|NetworkPolicy)\//.test(id)).sort()).toEqual([
    'Deployment/iris',
    'Deployment/rose',
    'NetworkPolicy/iris',
    'NetworkPolicy/rose',
    'PodDisruptionBudget/iris',
    'PodDisruptionBudget/rose',
    'Service/iris',
    'Service/iris-headless',
    'Service/rose',
    'Service/rose-headless',
  ]);
  for (const { kind, metadata } of manifests.filter(({ kind }) => kind !== 'Namespace'))
    expect([kind, metadata.namespace]).toEqual([kind, 'flowers']);
});

test('an Ingress routes to the Service by name and port', () => {
  const paths = at(only(manifests, 'Ingress'), 'spec.rules.0.http.paths') as HTTPIngressPath[];
  expect(paths.map(({ backend }) => backend.service?.name)).toEqual(['iris', 'rose']);
  for (const { backend } of paths) {
    const { name, port } = backend.service!;
    expect(at(named('Service', name), 'spec.ports.0.port')).toBe(port?.number);
  }
});

test('with an autoscaler of cdk8s-plus, the Deployment does not set the number of replicas', () => {
  expect(at(only(manifests, 'HorizontalPodAutoscaler'), 'spec.scaleTargetRef')).toEqual({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    name: 'iris',
  });
  expect(at(named('Deployment', 'iris'), 'spec')).not.toHaveProperty('replicas');
  expect(at(named('Deployment', 'rose'), 'spec.replicas')).toBe(3);
});

test('a patch of the Deployment reaches the pods, such as another ConfigMap', () => {
  expect(at(named('Deployment', 'rose'), 'spec.template.spec.containers.0.envFrom')).toEqual([
    { configMapRef: { name: rose.settings.name } },
    { configMapRef: { name: 'rose-extra' } },
  ]);
});

test('podLabels select the pods of one service only', () => {
  for (const { podLabels, service } of [iris, rose]) {
    const matched = manifests.filter(
      (manifest) =>
        manifest.kind === 'Deployment' &&
        Object.entries(podLabels).every(
          ([key, value]) => (at(manifest, 'spec.template.metadata.labels') as Record<string, string>)[key] === value,
        ),
    );
    expect(matched.map(({ metadata }) => metadata.name)).toEqual([service.name]);
  }
});
