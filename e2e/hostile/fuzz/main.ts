/**
 * Mutates the models of the tests, images and texts, and checks that no file breaks what reads it, and that what breaks
 * the runtime is contained in its process.
 *
 *     node e2e/hostile/fuzz/main.ts [--count 10000] [--seed N] [--workers 2] [--requests 200]
 *
 * 1. Each case is read in a process of its own, with limits of memory and time, by all that comes before the runtime.
 *    What passes is then loaded and run once there.
 * 2. All of them, the refused ones included, are served next to iris, 50 at a time: the service must not end, and every
 *    response of iris must be right. Meanwhile a model of images and one of texts get so many mutated requests, none of
 *    which may fail by the service's fault.
 *
 * Exits with 1 if a process ends before the runtime gets the file, or if iris notices anything. Such cases are kept in
 * `found/`, next to this file, and those that the runtime does not survive in `runtime/`.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { fuzz } from './fuzz.ts';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '10000' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    workers: { type: 'string', default: '2' },
    requests: { type: 'string', default: '200' },
  },
});
const [count, seed, workers] = [Number(values.count), Number(values.seed), Number(values.workers)];
const requests = Number(values.requests);

const { findings, tally } = await fuzz({
  ...{ count, seed, workers, requests },
  onCase: ({ isFinding, name, bytes, why }) => {
    const folder = isFinding ? 'found' : 'runtime';
    mkdirSync(join(import.meta.dirname, folder), { recursive: true });
    writeFileSync(join(import.meta.dirname, folder, name), bytes);
    process.stdout.write(`${folder}/${name}: ${why.split('\n').slice(0, 4).join(' | ')}\n`);
  },
});
process.stdout.write(`${count} cases, seed ${seed}: ${findings.length} findings\n`);
for (const [what, times] of [...tally].sort(([, a], [, b]) => b - a)) process.stdout.write(`${times}  ${what}\n`);
process.exit(findings.length > 0 ? 1 : 0);
