import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { seededRandom } from '../../onnx/seeded-random.ts';
import { TestClient } from '../../service/grpc/fixtures/server.ts';
import type { Pod } from './stand-in.ts';

const flowers = readFileSync(join(import.meta.dirname, '../../cli/training-data/fixtures/iris.csv'), 'utf8')
  .trim()
  .split('\n')
  .slice(1)
  .map((line) => line.split(',').slice(0, 4).map(Number));
const random = seededRandom(36);
const names = ['sepal_length', 'sepal_width', 'petal_length', 'petal_width'] as const;
const centimetresPerInch = 2.54;
const tickMs = 50;

/** What a minute of traffic looks like, in requests per second. */
interface Phase {
  readonly seconds: number;
  readonly http: number;
  readonly grpc: number;
  /** Requests for a model that takes 50 ms for each. */
  readonly slow: number;
  /** Share of the clients that send inches instead of centimetres. */
  readonly inches: number;
}

/** A usual day in minutes: it gets busy, one model gets more than it can do, and then a client changes. */
const phases: readonly Phase[] = [
  { seconds: 40, http: 40, grpc: 12, slow: 2, inches: 0 },
  { seconds: 45, http: 70, grpc: 20, slow: 4, inches: 0 },
  { seconds: 25, http: 70, grpc: 20, slow: 44, inches: 0 },
  { seconds: 40, http: 60, grpc: 20, slow: 3, inches: 0 },
  { seconds: 90, http: 55, grpc: 16, slow: 3, inches: 0.1 },
];

/** How long the traffic lasts. */
export const totalSeconds = phases.reduce((sum, { seconds }) => sum + seconds, 0);

/** Sends requests to the pods in turn, as a Service would, through all phases. */
export async function traffic(pods: readonly Pod[]): Promise<void> {
  const clients = pods.map(({ process }) => new TestClient(process.grpcAddress));
  let turn = 0;
  const next = <T>(all: readonly T[]): T => all[turn++ % all.length]!;
  const running = new Set<Promise<unknown>>();
  const send = (request: Promise<unknown>): void => {
    // Refusals are part of the picture.
    const settled = request
      .catch(() => undefined)
      .finally(() => {
        running.delete(settled);
      });
    running.add(settled);
  };
  const post = (path: string, body: object): void => {
    const init = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
    const { url } = next(pods).process;
    send(
      fetch(`${url}${path}`, { ...init, signal: AbortSignal.timeout(30_000) }).then((response) =>
        response.arrayBuffer(),
      ),
    );
  };
  for (const { seconds, http, grpc, slow, inches } of phases) {
    const ends = performance.now() + 1000 * seconds;
    const owed = { http: 0, grpc: 0, slow: 0 };
    let last = performance.now();
    while (last < ends) {
      await delay(tickMs);
      const now = performance.now();
      const elapsed = (now - last) / 1000;
      last = now;
      owed.http += http * elapsed;
      owed.grpc += grpc * elapsed;
      owed.slow += slow * elapsed;
      for (; owed.http >= 1; owed.http--) post('/models/iris/predictions', named(flower(inches)));
      for (; owed.grpc >= 1; owed.grpc--) send(infer(next(clients), flower(inches)));
      for (; owed.slow >= 1; owed.slow--) post('/models/orchid/predictions', orchid);
    }
  }
  await Promise.all(running);
  for (const client of clients) client.close();
}

const orchid = { X_0: 1, X_1: 2, X_2: 3, X_3: 4 };
const named = (values: readonly number[]) => Object.fromEntries(names.map((name, index) => [name, values[index]]));

function flower(inches: number): readonly number[] {
  const values = flowers[Math.floor(random() * flowers.length)]!;
  return random() < inches ? values.map((value) => Number((value / centimetresPerInch).toFixed(2))) : values;
}

const infer = (client: TestClient, values: readonly number[]): Promise<unknown> =>
  client.call('ModelInfer', {
    model_name: 'iris',
    inputs: [{ name: 'X', datatype: 'FP32', shape: ['1', '4'], contents: { fp32_contents: values } }],
  });
