import { parseTimeout } from './timeout.ts';

test.each([
  [undefined, Infinity],
  ['0n', 0],
  ['5S', 5000],
  ['99999999H', 99999999 * 3_600_000],
  ['2M', 120_000],
  ['250m', 250],
  ['1500u', 1.5],
  ['', undefined],
  ['5', undefined],
  ['S', undefined],
  ['-1S', undefined],
  ['1.5S', undefined],
  ['123456789S', undefined],
  ['5s', undefined],
])('grpc-timeout %s is %s ms', (header, expected) => {
  expect(parseTimeout(header)).toBe(expected);
});
