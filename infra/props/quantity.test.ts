import { parseQuantity } from './quantity.ts';

test.each([
  ['250m', 0.25],
  ['1', 1],
  ['1.5', 1.5],
  ['0', 0],
  ['100k', 100_000],
  ['1M', 1_000_000],
  ['1Ki', 1024],
  ['512Mi', 536_870_912],
  ['1.5Gi', 1_610_612_736],
  ['1e9', 1e9],
  ['1E3', 1000],
  ['1E', 1e18],
  ['5e-1', 0.5],
  ['.5', 0.5],
  ['+1.', 1],
])('%s is %d', (quantity, value) => {
  expect(parseQuantity(quantity)).toBeCloseTo(value, 9);
});

test.each(['', 'half', '1 Gi', '1gi', '1KB', '-1', '1e3Mi', '.', 'Mi', 'toString'])(
  '%j is not a valid quantity',
  (quantity) => {
    expect(parseQuantity(quantity)).toBeUndefined();
  },
);
