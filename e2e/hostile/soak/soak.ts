import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { seededRandom, type Random } from '../../../onnx/seeded-random.ts';
import { inspect, root, temporaryFolder } from '../../container/docker.ts';
import { GoodRequests } from '../good-client.ts';
import { addModels, startTarget, type State } from '../target.ts';
import { badRequests, type BadRequest } from './bad-requests.ts';
import { sampleMemory, type MemorySample } from './memory.ts';

export interface SoakOptions {
  readonly seconds: number;
  /** Requests per second; every second one is good. */
  readonly rate: number;
  readonly seed: number;
}

export interface SoakResult {
  /** How long each right response to a good request took. */
  readonly milliseconds: readonly number[];
  /** What is wrong with the responses of the others. */
  readonly wrong: readonly string[];
  /** How often each kind of bad request was sent, and its status. */
  readonly bad: ReadonlyMap<string, number>;
  readonly samples: readonly MemorySample[];
  /** What Docker says about the container before and after. */
  readonly states: readonly [State, State];
}

/** Twenty minutes have moments in which the machine itself is busy. */
const PATIENCE_MS = 30_000;
const SAMPLE_SECONDS = 5;
/** Bad requests that wait for a response do not pile up here. */
const MOST_BAD_AT_ONCE = 1000;

/** Sends good and bad requests, mixed at a steady rate, to a container with the limits of production. */
export async function soak({ seconds, rate, seed }: SoakOptions): Promise<SoakResult> {
  using folder = temporaryFolder();
  await addModels(folder.path, async (models) => {
    for (const name of ['crash', 'endless']) {
      await mkdir(join(models, name));
      await copyFile(join(root, `onnx/fixtures/slow/${name}.onnx`), join(models, name, 'model.onnx'));
    }
  });
  await using target = await startTarget(folder.path);
  const before = await inspect<State>(target.id, '.State');
  const good = new GoodRequests(target.host, 8, PATIENCE_MS);
  const random = seededRandom(seed);
  const wrong: string[] = [];
  const bad = new Map<string, number>();
  const running = new Set<Promise<void>>();
  const milliseconds: number[] = [];
  let badAtOnce = 0;
  const started = performance.now();
  const elapsed = (): number => (performance.now() - started) / 1000;
  const run = (work: Promise<void>): void => {
    const tracked = work.finally(() => running.delete(tracked));
    running.add(tracked);
  };
  const sendGood = async (number: number): Promise<void> => {
    const sentAt = elapsed();
    try {
      await good.all[number % good.all.length]?.();
      milliseconds.push(1000 * (elapsed() - sentAt));
    } catch (error) {
      wrong.push(`at ${sentAt.toFixed(1)} s: ${String(error)}`);
    }
  };
  const sendBad = async ({ name, send }: BadRequest): Promise<void> => {
    badAtOnce++;
    const status = await send(target.host).catch(() => 'no response');
    badAtOnce--;
    const key = `${name}: ${status}`;
    bad.set(key, (bad.get(key) ?? 0) + 1);
  };

  const samples: MemorySample[] = [];
  const sampling = (async () => {
    while (elapsed() < seconds) {
      // If the machine is busy, there is one sample less.
      const sample = await sampleMemory(target, Math.round(elapsed())).catch(() => undefined);
      if (sample !== undefined) samples.push(sample);
      await delay(SAMPLE_SECONDS * 1000);
    }
  })();
  for (let number = 0; elapsed() < seconds; number++) {
    const early = number / rate - elapsed();
    if (early > 0) await delay(early * 1000);
    if (number % 2 === 0) run(sendGood(number / 2));
    else if (badAtOnce < MOST_BAD_AT_ONCE) run(sendBad(pickWeighted(badRequests, random)));
  }
  await Promise.all([sampling, ...running]);
  good.close();
  return { milliseconds, wrong, bad, samples, states: [before, await inspect<State>(target.id, '.State')] };
}

function pickWeighted(requests: readonly BadRequest[], random: Random): BadRequest {
  let left = random() * requests.reduce((sum, { weight }) => sum + weight, 0);
  const found = requests.find(({ weight }) => (left -= weight) < 0);
  return found ?? (requests[0] as BadRequest);
}
