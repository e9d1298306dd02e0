import { fromFloat16, toFloat16 } from './float16.ts';

test('converts each of the 65,536 patterns as Float16Array does, and back', () => {
  const bits = Uint16Array.from({ length: 65536 }, (_, index) => index);
  const numbers = new Float16Array(bits.buffer);
  expect(bits.filter((pattern) => !Object.is(fromFloat16(pattern), numbers[pattern]))).toHaveLength(0);
  expect(
    bits.filter((pattern) => !Number.isNaN(numbers[pattern]) && toFloat16(numbers[pattern]!) !== pattern),
  ).toHaveLength(0);
  expect(Number.isNaN(fromFloat16(toFloat16(NaN)))).toBe(true);
});

test('rounds to the nearest, and ties to even, as Float16Array does', () => {
  const finite = Array.from(
    { length: 0x7bff },
    (_, pattern) => [fromFloat16(pattern), fromFloat16(pattern + 1)] as const,
  );
  const between = finite.flatMap(([low, high]) => [0.25, 0.5, 0.50001, 0.75].map((part) => low + (high - low) * part));
  const edges = [
    65504,
    65519.99,
    65520,
    1e300,
    5e-324,
    2 ** -25,
    2 ** -25 * 1.0001,
    -1.5,
    -0,
    Infinity,
    -Infinity,
    2 ** -14 - 2 ** -40,
  ];
  const wrong = [...between, ...edges].filter(
    (value) => !Object.is(fromFloat16(toFloat16(value)), Float16Array.of(value)[0]),
  );
  expect(wrong).toEqual([]);
});
