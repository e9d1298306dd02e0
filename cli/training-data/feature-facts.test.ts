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
  const { distribution, ...facts } = factsOf(values).json;
  expect(facts).toEqual(json);
});

test.each<[string, readonly (string | number | bigint)[], object | undefined]>([
  [
    'numbers have ten bins with as many values each',
    Array.from({ length: 200 }, (_, index) => index + 1),
    { bounds: [21, 41, 61, 81, 101, 121, 141, 161, 181], shares: [0.105, ...Array<number>(8).fill(0.1), 0.095] },
  ],
  ['a flag has two', [0n, 0n, 0n, 1n], { bounds: [0], shares: [0.75, 0.25] }],
  ['a constant has one', [7, 7, 7], { bounds: [], shares: [1] }],
  [
    'missing values count, infinite ones do not',
    [1, 2, NaN, Infinity, 2],
    { bounds: [1], shares: [0.25, 0.5], missing: 0.25 },
  ],
  ['choices have the share of each text', ['b', 'a', 'b', 'b'], { shares: [0.25, 0.75] }],
  ['texts that are not choices have none', ['b', 'a', 'c'], undefined],
  ['without values there is none', [NaN], undefined],
])('the distribution: %s', (_, values, expected) => {
  expect(factsOf(values).json.distribution).toEqual(expected);
});

test('of a large file, the distribution is that of a sample of its values', () => {
  const values = Array.from({ length: 50_000 }, (_, index) => (index * 7919) % 50_000);
  const { bounds = [], shares } = factsOf(values).json.distribution!;
  expect(bounds).toHaveLength(9);
  bounds.forEach((bound, index) => {
    expect(Math.abs(bound - 5000 * (index + 1))).toBeLessThan(1000);
  });
  for (const share of shares) expect(share).toBeCloseTo(0.1, 2);
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
