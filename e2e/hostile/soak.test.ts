/** A short run of `npm run soak`. */
import { testWithDocker } from '../container/docker.ts';
import { soak } from './soak/soak.ts';

testWithDocker('good and bad requests, mixed: every good one gets its response, from the same process', async () => {
  const { milliseconds, wrong, bad, samples, states } = await soak({ seconds: 25, rate: 120, seed: 1 });
  expect(wrong).toEqual([]);
  expect(milliseconds.length).toBeGreaterThan(1000);
  expect(bad.size).toBeGreaterThan(20);
  // Of 512 MiB. The largest of five samples was 375 to 458 in seven runs: it depends on what is served at that moment.
  expect(Math.max(...samples.map(({ workingSet }) => workingSet))).toBeLessThan(490);
  expect(states[1]).toEqual(states[0]);
});
