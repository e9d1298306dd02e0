/**
 * Mutates the models of the tests, and checks that no file breaks what reads it, and that what breaks the runtime is
 * contained in its process.
 *
 *     node e2e/hostile/fuzz/main.ts [--count 10000] [--seed N] [--workers 2]
 *
 * 1. Each case is read in a process with limits of memory and time, by everything that comes before the runtime.
 * 2. What passes is loaded and run once in an inference process, as in production.
 *
 * Exits with 1 if the first stage finds anything. The cases are kept in `found/`, next to this file, and those that end
 * the runtime in `runtime/`.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { globSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { seededRandom } from '../../../onnx/seeded-random.ts';
import { mutate } from './mutate.ts';
import { runOnce } from './run-once.ts';
import type { Outcome } from './child.ts';

const here = import.meta.dirname;
const root = join(here, '../../..');
const LARGEST_SEED_BYTES = 200_000;
const CASE_MS = 2000;
/** V8 reserves most of it. */
const MEMORY_KB = 900_000;
const MOST_KEPT = 20;

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '10000' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    workers: { type: 'string', default: '2' },
  },
});
const [count, seed, workers] = [Number(values.count), Number(values.seed), Number(values.workers)];

const corpus = globSync('{onnx/fixtures,fixtures,models}/**/*.onnx', { cwd: root })
  .sort()
  .filter((path) => statSync(join(root, path)).size < LARGEST_SEED_BYTES)
  .map((path) => readFileSync(join(root, path)));

const tally = new Map<string, number>();
const add = (what: string): void => void tally.set(what, (tally.get(what) ?? 0) + 1);
let [next, findings, kept] = [0, 0, 0];

/** Reads cases in a process, which is replaced if it ends or does not respond. */
class Reader {
  #child: ChildProcess | undefined;

  async read(model: Uint8Array): Promise<Outcome> {
    const child = (this.#child ??= start());
    const given = new AbortController();
    const timer = setTimeout(() => child.kill('SIGKILL'), CASE_MS);
    try {
      const outcome = once(child, 'message', { signal: given.signal }).then(([message]) => message as Outcome);
      const ended = once(child, 'exit', { signal: given.signal }).then(([code, signal]): Outcome => {
        this.#child = undefined;
        return { finding: `the process ended with ${String(signal ?? code)}, after at most ${CASE_MS} ms` };
      });
      child.send(model);
      return await Promise.race([outcome, ended]);
    } finally {
      clearTimeout(timer);
      given.abort();
    }
  }

  close(): void {
    this.#child?.disconnect();
  }
}

function start(): ChildProcess {
  const node = [process.execPath, '--max-old-space-size=256', join(here, 'child.ts')];
  return spawn('/bin/sh', ['-c', `ulimit -d ${MEMORY_KB} && exec "$0" "$@"`, ...node], {
    stdio: ['ignore', 'inherit', 'ignore', 'ipc'],
    serialization: 'advanced',
  });
}

function keep(folder: string, model: Uint8Array, why: string): void {
  mkdirSync(join(here, folder), { recursive: true });
  const name = createHash('sha256').update(model).digest('hex').slice(0, 16);
  writeFileSync(join(here, folder, `${name}.onnx`), model);
  process.stdout.write(`${folder}/${name}.onnx: ${why.split('\n').slice(0, 4).join(' | ')}\n`);
}

async function work(): Promise<void> {
  const reader = new Reader();
  while (next < count) {
    const number = next++;
    const random = seededRandom(seed + number);
    const model = mutate(corpus[number % corpus.length] ?? new Uint8Array(), corpus, random);
    const { refused, finding } = await reader.read(model);
    if (finding !== undefined) {
      findings++;
      add('findings');
      keep('found', model, `case ${number}: ${finding}`);
    } else if (refused !== undefined) add(`refused: ${refused}`);
    else {
      const end = await runOnce(model);
      add(`runtime: ${end}`);
      if (/process/.test(end) && kept++ < MOST_KEPT) keep('runtime', model, `case ${number}: ${end}`);
    }
  }
  reader.close();
}

await Promise.all(Array.from({ length: workers }, work));
process.stdout.write(`seed ${seed}, ${count} cases from ${corpus.length} models\n`);
for (const [what, times] of [...tally].sort(([, a], [, b]) => b - a)) process.stdout.write(`${times}  ${what}\n`);
process.exit(findings > 0 ? 1 : 0);
