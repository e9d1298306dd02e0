/**
 * Sends good and bad requests to a container with the limits of the production manifests, and checks that every good
 * one gets its right response, that the container does not restart, and that its memory stops growing.
 *
 *     node e2e/hostile/soak/main.ts [--minutes 20] [--rate 200] [--seed 1]
 *
 * Needs Docker. Exits with 1 if something is wrong. After the first two minutes, the median of the service's memory in
 * the last quarter may be at most a tenth above that in the first.
 */
import { isDeepStrictEqual, parseArgs } from 'node:util';
import { quantile } from './memory.ts';
import { soak } from './soak.ts';

/** In this time the service loads, compiles and fills its caches; so its memory grows. */
const WARM_UP_SECONDS = 120;
const MOST_GROWTH = 1.1;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '20' },
    rate: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
  },
});
const [minutes, rate, seed] = [Number(values.minutes), Number(values.rate), Number(values.seed)];
const print = (line: string): void => void process.stdout.write(`${line}\n`);

const { milliseconds, wrong, bad, samples, states } = await soak({ seconds: minutes * 60, rate, seed });
const byMinute = Array.from({ length: Math.ceil(minutes) }, (_, minute) =>
  samples.filter(({ seconds }) => Math.floor(seconds / 60) === minute),
);

print('minute  RSS of the service (MiB)  working set of the container (MiB)');
const medians = byMinute.map((of) => ({
  rss: quantile(
    of.map(({ rss }) => rss),
    0.5,
  ),
  workingSet: quantile(
    of.map(({ workingSet }) => workingSet),
    0.5,
  ),
}));
for (const [minute, { rss, workingSet }] of medians.entries())
  print(`${String(minute).padStart(6)}  ${rss.toFixed(0).padStart(24)}  ${workingSet.toFixed(0).padStart(34)}`);
print(`largest working set: ${Math.max(...samples.map(({ workingSet }) => workingSet)).toFixed(0)} MiB`);
for (const [what, times] of [...bad].sort(([, a], [, b]) => b - a)) print(`${String(times).padStart(7)}  ${what}`);

const problems = wrong.slice(0, 20).map((each) => `wrong response: ${each}`);
if (!isDeepStrictEqual(...states)) problems.push(`the container changed: ${JSON.stringify(states)}`);
const warm = samples.filter(({ seconds }) => seconds >= WARM_UP_SECONDS).map(({ rss }) => rss);
const quarter = Math.ceil(warm.length / 4);
const growth = quantile(warm.slice(-quarter), 0.5) / quantile(warm.slice(0, quarter), 0.5);
print(`RSS of the service after the first two minutes: last quarter / first quarter = ${growth.toFixed(2)}`);
if (growth > MOST_GROWTH) problems.push(`the memory of the service grew to ${growth.toFixed(2)} times what it was`);
const ms = (part: number): string => quantile(milliseconds, part).toFixed(0);
print(`${milliseconds.length} right responses, ${wrong.length} wrong ones`);
print(`milliseconds: p50 ${ms(0.5)}, p99 ${ms(0.99)}, p99.9 ${ms(0.999)}, longest ${ms(1)}`);
for (const problem of problems) print(problem);
process.exitCode = problems.length > 0 ? 1 : 0;
