import { FeatureFacts, mostChoices } from './feature-facts.ts';
import { Sample } from './sample.ts';

const factsOf = (values: readonly (string | number | bigint)[]): FeatureFacts => {
  const facts = new FeatureFacts({ shape: [] });
  for (const value of values) facts.add(value);
  return facts;
};

test.each([
  ['numbers, of which some are missing or infinite', [3, NaN, -1.5, Infinity], { range: [-1.5, 3] }],
  ['integers', [3n, 12n], { range: [3, 12] }],
  ['only missing numbers', [NaN], {}],
  ['texts that are repeated', ['b', 'a', 'b', 'a'], { choices: ['a', 'b'] }],
  ['texts that are hardly repeated', ['b', 'a', 'b'], {}],
])('%s', (_, values, json) => {
  expect(factsOf(values).json).toEqual(json);
});

test('many different texts are no choices', () => {
  const texts = Array.from({ length: mostChoices + 1 }, (_, index) => String(index));
  const facts = factsOf([...texts, ...texts]);
  expect([facts.json, facts.hasTooManyChoices]).toEqual([{}, true]);
});

test('a sample has rows of each class, however rare, and no more than a few of each', () => {
  const sample = new Sample();
  for (let row = 0; row < 1000; row++) sample.add([row], row === 500 ? 'rare' : 'usual');
  expect(sample.rows).toHaveLength(9);
  expect(sample.rows).toContainEqual([500]);
});
