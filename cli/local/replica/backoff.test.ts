import { RestartBackoff } from './backoff.ts';

test('the first restart is at once, then 10 s doubling to 5 min', () => {
  const backoff = new RestartBackoff();
  expect(Array.from({ length: 8 }, () => backoff.next(1))).toEqual([0, 10, 20, 40, 80, 160, 300, 300]);
});

test('ten minutes of running reset it', () => {
  const backoff = new RestartBackoff();
  expect([1, 1, 1, 599].map((ran) => backoff.next(ran))).toEqual([0, 10, 20, 40]);
  expect([600, 1].map((ran) => backoff.next(ran))).toEqual([0, 10]);
});
