/** A short run of `npm run soak`. */
import { testWithDocker } from '../container/docker.ts';
import { soak } from './soak/soak.ts';

testWithDocker('good and bad requests, mixed: every good one gets its response, from the same process', async () => {
  const { milliseconds, wrong, bad, samples, states } = await soak({ seconds: 25, rate: 120, seed: 1 });
  expect(wrong).toEqual([]);
  expect(milliseconds.length).toBeGreaterThan(1000);
  expect(bad.size).toBeGreaterThan(20);
  expect(Math.max(...samples.map(({ workingSet }) => workingSet))).toBeLessThan(250);
  expect(states[1]).toEqual(states[0]);
});
