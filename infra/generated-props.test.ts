import { App, Testing, Yaml } from 'cdk8s';
import { PredictionChart } from './charts/prediction-chart.ts';
import { chartsWithEveryConstruct, everyConstruct } from './fixtures/every-construct.ts';
import { generatedProps } from './fixtures/generated-props.ts';
import { problemsOf, type Manifest } from './fixtures/manifests.ts';
import { kubernetesVersions, newestKubernetesVersion } from './kubernetes-schemas/versions.ts';

test('60 generated sets of props: each is accepted, and every document is valid', () => {
  const app = new App();
  for (let seed = 0; seed < 60; seed++) {
    const kubernetesVersion = kubernetesVersions[seed % kubernetesVersions.length]!;
    const props = generatedProps(seed, { kubernetesVersion });
    const chart = new PredictionChart(app, `generated-${seed}`, props);
    const problems = problemsOf(Testing.synth(chart) as Manifest[], [kubernetesVersion, newestKubernetesVersion]);
    if (problems.length > 0) throw new Error(`seed ${seed}: ${Yaml.stringify(props, problems)}`);
  }
});

test('the same seed gives the same props', () => {
  expect(generatedProps(7)).toEqual(generatedProps(7));
  expect(generatedProps(7)).not.toEqual(generatedProps(8));
});

test.each(chartsWithEveryConstruct)('a chart with every construct (%s): every document is valid', (name) => {
  const chart = everyConstruct().find(({ node }) => node.id === name)!;
  expect(problemsOf(Testing.synth(chart) as Manifest[])).toEqual([]);
});
