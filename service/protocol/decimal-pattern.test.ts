import { decimalPattern } from './decimal-pattern.ts';

test('exactly the numbers of a small range match', () => {
  for (const [low, high] of [
    [-128n, 127n],
    [0n, 255n],
    [0n, 100n],
    [-1n, 1n],
    [-1000n, 10n],
  ] as const) {
    const pattern = new RegExp(decimalPattern(low, high));
    for (let value = -1100n; value <= 1100n; value++)
      expect([value, pattern.test(String(value))]).toEqual([value, value >= low && value <= high]);
    for (const text of ['', '-', '-0', '00', '01', '1.0', ' 1', '1e1'])
      expect([text, pattern.test(text)]).toEqual([text, false]);
  }
});

test.each([
  [-(2n ** 63n), 2n ** 63n - 1n],
  [0n, 2n ** 64n - 1n],
])('the ends of %p to %p match, and nothing beyond them', (low, high) => {
  const pattern = new RegExp(decimalPattern(low, high));
  for (const [value, matches] of [
    [high, true],
    [high + 1n, false],
    [high - 10n ** 9n, true],
    [high + 10n ** 9n, false],
    [high * 10n, false],
    [high / 10n, true],
    [low, true],
    [low - 1n, false],
    [10n ** 18n, true],
  ] as const)
    expect([value, pattern.test(String(value))]).toEqual([value, matches]);
});
