import { Testing } from 'cdk8s';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PredictionChart } from '../charts/prediction-chart.ts';
import { minimalProps, only, type Manifest } from '../fixtures/manifests.ts';
import { newestKubernetesVersion } from './versions.ts';
import { validateManifests } from './validate.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/gitops.md'), 'utf8');
const objects = [...page.matchAll(/^```yaml\n([^]*?)^```$/gm)].map(([, yaml]) => yaml!);

test('the objects of docs/gitops.md are valid for Argo CD and Flux', () => {
  expect(objects.join('---\n').match(/^kind: \w+/gm)).toEqual(
    ['Application', 'GitRepository', 'Kustomization'].map((kind) => `kind: ${kind}`),
  );
  for (const yaml of objects) expect(validateManifests(yaml, newestKubernetesVersion)).toEqual([]);
  const [application = ''] = objects;
  expect(validateManifests(application.replace('targetRevision', 'revision'), newestKubernetesVersion)).toEqual([
    { object: 'Application/iris-server', pointer: '/spec/source', message: 'unknown field revision' },
  ]);
});

const inventory = (props: object): readonly string[] =>
  (Testing.synth(new PredictionChart(Testing.app(), 'test', { ...minimalProps, ...props })) as Manifest[]).map(
    ({ kind, metadata }) => `${kind}/${metadata.name}`,
  );

test('a changed setting leaves one object to prune, the ConfigMap; a changed image leaves none', () => {
  const before = inventory({});
  const leftBy = (props: object) => before.filter((object) => !inventory(props).includes(object));
  expect(leftBy({ settings: { LOG_LEVEL: 'warn' } })).toEqual([expect.stringMatching(/^ConfigMap\/iris-server-/)]);
  expect(leftBy({ image: 'iris-server:v2' })).toEqual([]);
  expect(leftBy({})).toEqual([]);
});

test('the annotation that keeps Flux from pruning it reaches the ConfigMap', () => {
  const chart = new PredictionChart(Testing.app(), 'test', minimalProps);
  chart.service.settings.metadata.addAnnotation('kustomize.toolkit.fluxcd.io/prune', 'disabled');
  expect(only(Testing.synth(chart) as Manifest[], 'ConfigMap').metadata).toMatchObject({
    annotations: { 'kustomize.toolkit.fluxcd.io/prune': 'disabled' },
  });
  expect(page).toContain("addAnnotation('kustomize.toolkit.fluxcd.io/prune', 'disabled')");
});
