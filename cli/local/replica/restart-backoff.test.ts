import { RestartBackoff } from './restart-backoff.ts';

test('restarts at once, then after 10 s, doubling up to 5 min', () => {
  const backoff = new RestartBackoff();
  expect(Array.from({ length: 8 }, () => backoff.next(1))).toEqual([0, 10, 20, 40, 80, 160, 300, 300]);
});

test('resets after ten minutes of running', () => {
  const backoff = new RestartBackoff();
  expect([1, 1, 1, 599].map((ran) => backoff.next(ran))).toEqual([0, 10, 20, 40]);
  expect([600, 1].map((ran) => backoff.next(ran))).toEqual([0, 10]);
});
