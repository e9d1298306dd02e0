/**
 * Serves the models of the ONNX project's own tests, from its package on PyPI, and compares what they return with
 * Python's onnxruntime. `.ci/onnx-vectors` writes them and prints their folder as ONNX_VECTORS.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { testUnless } from '../needs.ts';
import { problemWith, type Encoding, type Problem } from './vectors/ask.ts';
import type { Served } from './vectors/service.ts';
import { readVectors, type Vector } from './vectors/vectors.ts';

const folder = process.env['ONNX_VECTORS'];
const reason = folder === undefined ? 'needs the vectors: eval "$(.ci/onnx-vectors)"' : undefined;
/** Requests at a time. */
const CLIENTS = 8;

/**
 * How many vectors there are, of how many the models are refused when they are loaded, and how many are right in each
 * encoding. The last two must not fall.
 */
const expected = JSON.parse(await readFile(join(import.meta.dirname, 'vectors/expected.json'), 'utf8')) as Readonly<
  Record<'vectors' | 'refused' | Encoding, number>
>;

let service: ChildProcess | undefined;
let served: Served;
let vectors: readonly Vector[];

beforeAll(async () => {
  if (folder === undefined) return;
  vectors = await readVectors(folder);
  service = spawn(process.execPath, [join(import.meta.dirname, 'vectors/service.ts')], {
    env: {
      PATH: process.env['PATH'],
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
      MODELS_DIR: join(folder, 'models'),
    },
    stdio: ['pipe', 'pipe', 'inherit'],
    timeout: 120_000,
  });
  const [line] = (await once(createInterface(service.stdout!), 'line')) as [string];
  served = JSON.parse(line) as Served;
});

afterAll(async () => {
  if (service === undefined) return;
  const exited = once(service, 'exit');
  service.stdin?.end();
  // Nothing crashed it.
  expect(await exited).toEqual([0, null]);
});

/** Counts the vectors with each reason, the names in it aside. */
function grouped(reasons: readonly (readonly [vector: string, reason: string])[]): string {
  const groups = new Map<string, string[]>();
  for (const [vector, why] of reasons) {
    const group = why.replace(/^.* cannot be served: /, '').replaceAll(/'[^']*'|\d+/g, '…');
    groups.set(group, [...(groups.get(group) ?? []), vector]);
  }
  return [...groups]
    .sort(([, some], [, others]) => others.length - some.length)
    .map(([group, names]) => `\n  ${names.length} ${group}\n    ${names.join(' ')}`)
    .join('');
}

/** Runs the vectors whose models are served. */
async function problems(encoding: Encoding): Promise<Map<string, Problem>> {
  const found = new Map<string, Problem>();
  const waiting = vectors.filter(({ name }) => served.refused[name] === undefined).values();
  const client = async (): Promise<void> => {
    for (const vector of waiting) {
      const problem = await problemWith(served.url, vector, encoding);
      if (problem !== undefined) found.set(vector.name, problem);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  return found;
}

testUnless(reason, "the ONNX project's models are served", () => {
  const refused = Object.entries(served.refused);
  console.log(`${refused.length} of ${vectors.length} models are refused when they are loaded${grouped(refused)}`);
  expect({ vectors: vectors.length }).toEqual({ vectors: expected.vectors });
  expect(refused.length).toBeLessThanOrEqual(expected.refused);
  return Promise.resolve();
});

for (const encoding of ['binary', 'JSON'] as const) {
  testUnless(reason, `the ONNX project's vectors are right, in ${encoding}`, async () => {
    const found = await problems(encoding);
    const right = vectors.length - Object.keys(served.refused).length - found.size;
    const because = (rejected: boolean): [string, string][] =>
      [...found].flatMap(([name, problem]) => (problem.rejected === rejected ? [[name, problem.reason]] : []));
    console.log(
      `${right} of ${vectors.length} vectors are right in ${encoding}; ` +
        `the requests of ${because(true).length} are rejected${grouped(because(true))}`,
    );
    expect(because(false)).toEqual([]);
    expect(right).toBeGreaterThanOrEqual(expected[encoding]);
  });
}
