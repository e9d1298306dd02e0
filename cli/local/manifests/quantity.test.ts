import { inUnitsOf, parseAnyQuantity } from './quantity.ts';

test.each([
  ['500m', 0.5],
  ['2', 2],
  [2, 2],
  ['1e3', 1000],
  ['0.5', 0.5],
  ['1Ki', 1024],
  ['512Mi', 536870912],
  ['1G', 1e9],
])('%s is %d', (quantity, number) => {
  expect(parseAnyQuantity(quantity)).toBeCloseTo(number, 9);
});

test.each(['', 'many', '1Kb', '1 Gi', 'Mi'])(
  '"%s" is an error that names the value and what was expected',
  (quantity) => {
    expect(() => parseAnyQuantity(quantity)).toThrow(
      `"${quantity}" is not a valid quantity; expected one such as 500m, 2 or 1Gi.`,
    );
  },
);

test.each([
  ['250m', '1', 1],
  ['1500m', '1', 2],
  ['2', '1', 2],
  ['300m', '1m', 300],
  ['1100m', '1m', 1100],
  ['512Mi', '1Mi', 512],
  ['513Ki', '1Mi', 1],
])('%s in units of %s is %d, rounded up', (quantity, divisor, number) => {
  expect(inUnitsOf(quantity, divisor)).toBe(number);
});
