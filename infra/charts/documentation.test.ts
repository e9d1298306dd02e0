import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App } from 'cdk8s';
import { productionProfile } from '../profiles/production.ts';
import { PredictionChart, type PredictionChartProps } from './prediction-chart.ts';

const root = join(import.meta.dirname, '../..');
const examples = globSync('docs/{,how-to/,tutorial/}*.md', { cwd: root }).flatMap((page) =>
  [...readFileSync(join(root, page), 'utf8').matchAll(/^```[jt]s\n(production: \{[^]*?\},)\n```$/gm)].map(
    ([, code = ''], index) => ({ page, number: index + 1, code }),
  ),
);

test('the docs have examples of environments', () => {
  expect(examples.length).toBeGreaterThan(10);
});

test.each(examples)('$page: environment $number can be synthesized', ({ code }) => {
  const names = ['productionProfile', 'name', 'image', 'models'];
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the code is in this repository
  const evaluate = new Function(...names, `return { ${code} }.production;`) as (
    ...values: readonly unknown[]
  ) => PredictionChartProps;
  const image = 'registry.example/iris-server:v1';
  // `synthesize` adds the digest, which rhizome build --push has recorded.
  const props = evaluate({ ...productionProfile, requireDigest: false }, 'iris-server', image, { image });
  expect(() => new PredictionChart(new App(), 'production', props)).not.toThrow();
});
