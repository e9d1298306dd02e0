import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App } from 'cdk8s';
import { PredictionChart, type PredictionChartProps } from '../charts/prediction-chart.ts';
import { newestKubernetesVersion, oldestKubernetesVersion } from '../kubernetes-schemas/versions.ts';
import { validateManifests } from '../kubernetes-schemas/validate.ts';
import { localProfile } from '../profiles/local.ts';
import { productionProfile } from '../profiles/production.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/model-sources.md'), 'utf8');
const [, example = ''] = /```ts\n(const models = \{\n[^]*?)```/.exec(page) ?? [];

/** Evaluates the example, with what environments.ts imports and declares. */
function environments(): Readonly<Record<string, PredictionChartProps>> {
  const untyped = example.replace('export ', '').replace(/(?<=\)): Readonly<Record<.*>>(?= \{)/, '');
  const code = `${untyped}\nreturn environments();`;
  const names = ['localProfile', 'productionProfile', 'name', 'image'];
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the code is in this repository
  const evaluate = new Function(...names, code) as (...values: unknown[]) => ReturnType<typeof environments>;
  return evaluate(localProfile, productionProfile, 'iris-server', `iris-server:v1@sha256:${'a'.repeat(64)}`);
}

test('docs/model-sources.md shows one Deployment for each model, which all versions of Kubernetes accept', () => {
  const app = new App();
  for (const [id, props] of Object.entries(environments())) new PredictionChart(app, id, props);
  expect(app.charts.map(({ node }) => node.id)).toEqual(['local', 'production-iris', 'production-wine']);
  const yaml = app.synthYaml();
  for (const version of [oldestKubernetesVersion, newestKubernetesVersion] as const)
    expect(validateManifests(yaml, version)).toEqual([]);
  for (const model of ['iris', 'wine']) {
    expect(yaml).toContain(`name: ${model}-server\n  namespace: models\n`);
    expect(yaml).toMatch(new RegExp(`value: https://models\\.example\\.com/${model}-\\d\\.tar\\.gz`));
  }
});

test('docs/model-sources.md lists every prop of each source and nothing else', () => {
  const source = readFileSync(join(import.meta.dirname, 'model-source.ts'), 'utf8');
  const props = (name: string): string[] => {
    const [, body = ''] = new RegExp(`interface ${name} {\n([^]*?)\n}`).exec(source) ?? [];
    return [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, prop]) => prop!);
  };
  const listed = (heading: string): string[] => {
    const [, section = ''] = page.split(`\n## ${heading}\n`);
    return [...section.split('\n## ')[0]!.matchAll(/^\| `(\w+)` +\|/gm)].map(([, prop]) => prop!);
  };
  expect(listed('An image')).toEqual(props('ModelImage'));
  expect(listed('A volume')).toEqual(props('ModelClaim'));
  expect(listed('A download')).toEqual(props('ModelDownload'));
});
