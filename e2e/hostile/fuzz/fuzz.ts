import { globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { seededRandom } from '../../../onnx/seeded-random.ts';
import { numberedRequest } from './attack-decoders.ts';
import { besideIris, type Served } from './beside-iris.ts';
import { mutate } from './mutate.ts';
import { Reader } from './reader.ts';

const root = join(import.meta.dirname, '../../..');
const LARGEST_SEED_BYTES = 200_000;
/** How many models a service gets at once. */
const SERVED_AT_ONCE = 50;
/** How many requests with images and texts each of these services gets. */
const REQUESTS = 200;

export interface FuzzOptions {
  readonly count: number;
  readonly seed: number;
  /** How many cases run at a time. */
  readonly workers: number;
  /** Further models to serve beside iris, by name. @default none */
  readonly also?: ReadonlyMap<string, Uint8Array>;
  /** How many mutated images and texts each service gets. @default 200 */
  readonly requests?: number;
  /** Receives each model that ends the runtime, and each model or request that ends or disturbs anything else. */
  readonly onCase?: (found: Found) => void;
}

/** A model, or the body of a request, that is worth keeping. */
export interface Found {
  /** Whether it broke more than the process that may break. */
  readonly isFinding: boolean;
  /** The name of its file. */
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly why: string;
}

export interface FuzzResult {
  readonly findings: readonly Found[];
  /** How often each kind of end occurred. */
  readonly tally: ReadonlyMap<string, number>;
}

/** Mutates models and requests, and gives each to all that has to survive it. */
export async function fuzz({
  count,
  seed,
  workers,
  also = new Map(),
  requests = REQUESTS,
  onCase,
}: FuzzOptions): Promise<FuzzResult> {
  const corpus = readCorpus();
  const findings: Found[] = [];
  const tally = new Map<string, number>();
  /** Returns how often it occurred before. */
  const add = (what: string, times = 1): number => {
    const before = tally.get(what) ?? 0;
    tally.set(what, before + times);
    return before;
  };
  const report = (found: Found): void => {
    if (found.isFinding) findings.push(found);
    onCase?.(found);
  };
  let next = 0;
  let waiting = new Map(also);
  const serveWaiting = async (): Promise<void> => {
    const served = waiting;
    waiting = new Map();
    const first = seed + add('requests with images and texts', requests);
    const sent = Array.from({ length: requests }, (_, index) => first + index);
    const { restarts, problem, faults, responses } = await besideIris(served, sent);
    for (const { number, why } of faults) report(foundRequest(number, why));
    for (const [status, times] of responses) add(`requests with images and texts: ${status}`, times);
    if (problem !== undefined) {
      const found = await disturbing(served, sent, problem);
      for (const each of found) report(each);
      if (found.length === 0) add(`did not occur again: ${problem}`);
    }
    add('served next to iris', served.size);
    add('inference processes ended there', restarts);
  };
  const work = async (): Promise<void> => {
    const reader = new Reader();
    while (next < count) {
      const number = seed + next++;
      const name = `case-${number}`;
      const model = mutate(corpus[number % corpus.length] ?? new Uint8Array(), corpus, seededRandom(number));
      const { refused, ran, finding } = await reader.read(model);
      if (finding !== undefined) {
        add('findings before the runtime');
        report({ isFinding: true, name: `${name}.onnx`, bytes: model, why: finding });
        continue;
      }
      const end = refused === undefined ? `runtime: ${ran ?? ''}` : `refused: ${refused}`;
      add(end);
      if (end.includes('process')) report({ isFinding: false, name: `${name}.onnx`, bytes: model, why: end });
      waiting.set(name, model);
      if (waiting.size >= SERVED_AT_ONCE) await serveWaiting();
    }
    reader.close();
  };
  await Promise.all(Array.from({ length: workers }, work));
  if (waiting.size > 0) await serveWaiting();
  return { findings, tally };
}

/** Returns the models of the tests, without the large ones. */
export function readCorpus(): readonly Uint8Array[] {
  return globSync('{onnx/fixtures,fixtures,models}/**/*.onnx', { cwd: root })
    .sort()
    .filter((path) => statSync(join(root, path)).size < LARGEST_SEED_BYTES)
    .map((path) => readFileSync(join(root, path)));
}

const foundRequest = (number: number, why: string): Found => {
  return { isFinding: true, name: `request-${number}`, bytes: numberedRequest(number).body, why };
};

/** Returns the requests that disturb iris, or else the models that do. */
async function disturbing(
  models: ReadonlyMap<string, Uint8Array>,
  requests: readonly number[],
  problem: string,
): Promise<readonly Found[]> {
  const serveRequests = (some: readonly number[]): Promise<Served> => besideIris(new Map(), some);
  const alone = (await serveRequests(requests)).problem;
  if (alone !== undefined)
    return (await halve(requests, alone, serveRequests)).map(([number, why]) => foundRequest(number, why));
  const found = await halve([...models], problem, (some) => besideIris(new Map(some), []));
  return found.map(([[name, bytes], why]) => ({ isFinding: true, name: `${name}.onnx`, bytes, why }));
}

/** Returns those that are served with a problem, each with what happened; found by halving. */
async function halve<T>(
  all: readonly T[],
  problem: string,
  serve: (some: readonly T[]) => Promise<Served>,
): Promise<readonly (readonly [T, string])[]> {
  const found: (readonly [T, string])[] = [];
  const middle = Math.ceil(all.length / 2);
  const halves = all.length > 1 ? [all.slice(0, middle), all.slice(middle)] : [];
  for (const half of halves) {
    const again = (await serve(half)).problem;
    if (again !== undefined) found.push(...(await halve(half, again, serve)));
  }
  if (found.length > 0) return found;
  // Neither half does it: it takes some of both, or the machine was too busy.
  const again = (await serve(all)).problem;
  if (again === undefined) return [];
  return all.map((each) => [each, all.length === 1 ? problem : `one of ${all.length}: ${problem}`]);
}
