import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { engineCases } from '../engine.case.ts';
import type { EngineError, Tensor } from '../engine.ts';
import { readModelFile } from '../../file/model-file.ts';
import { onnxruntime } from '../onnxruntime.ts';
import { dtypes, randomTensor, tensorBits } from './fixtures/random-tensor.ts';
import { processEngine, type ProcessSession } from './process-engine.ts';

const fixtures = join(import.meta.dirname, '../../fixtures');
const sessions: ProcessSession[] = [];

async function load(fixture: string): Promise<ProcessSession> {
  const session = await processEngine.load(await readFile(join(fixtures, `${fixture}.onnx`)), { threads: 1 });
  sessions.push(session);
  return session;
}

/** The input of the models in fixtures/slow/. */
const row = (first: number): { X: Tensor } => ({
  X: { dtype: 'float32', shape: [1, 4], data: Float32Array.of(first, 0, 0, 0) },
});

const failure = (attempt: Promise<unknown>): Promise<EngineError> =>
  attempt.then(
    () => Promise.reject(new Error('it did not fail')),
    (error: unknown) => error as EngineError,
  );

/** Returns whether a process has ended within 10 s. */
async function ends(pid: number): Promise<boolean> {
  for (let waited = 0; waited < 10_000; waited += 20) {
    try {
      process.kill(pid, 0);
    } catch {
      return true;
    }
    await delay(20);
  }
  return false;
}

afterAll(() => Promise.all(sessions.map((session) => session.release())));

describe('the contract', () => {
  let shared: Promise<ProcessSession> | undefined;
  engineCases(() => (shared ??= load('double')));
});

test('tensors of every type and length pass through unchanged, to the bit', async () => {
  const session = await load('echo');
  // A feed of each type, which is also the name of its input.
  const feeds = fc
    .nat({ max: 9 })
    .chain((length) => fc.record(Object.fromEntries(dtypes.map((dtype) => [dtype, randomTensor([length], dtype)]))));
  await fc.assert(
    fc.asyncProperty(feeds, async (sent) => {
      const outputs = await session.run(
        sent,
        dtypes.map((dtype) => `${dtype}_out`),
      );
      for (const dtype of dtypes) expect(tensorBits(outputs[`${dtype}_out`]!)).toEqual(tensorBits(sent[dtype]!));
    }),
    { numRuns: 100 },
  );
});

test('large tensors pass through in both directions, while others wait', async () => {
  const session = await load('double');
  const rows = [1, 200_000, 3, 70_000, 8192];
  const results = await Promise.all(
    rows.map((count) => {
      const data = Float32Array.from({ length: 2 * count }, (_, index) => index);
      return session.run({ X: { dtype: 'float32', shape: [count, 2], data } }, ['doubled']);
    }),
  );
  for (const [index, { doubled }] of results.entries()) {
    expect(doubled!.shape).toEqual([rows[index], 2]);
    expect((doubled!.data as Float32Array).every((value, element) => value === 2 * element)).toBe(true);
  }
});

test('a model with its weights in other files loads', async () => {
  const folder = join(fixtures, 'external');
  const { model, externalData } = await readModelFile(join(folder, 'model.onnx'));
  const session = await processEngine.load(model, { threads: 1, externalData });
  sessions.push(session);
  const inPlace = await onnxruntime.load(model, { threads: 1, externalData });
  expect(session.inputs).toEqual(inPlace.inputs);
  const feeds: Record<string, Tensor> = {
    x: { dtype: 'float32', shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
    // A scalar.
    c: { dtype: 'bool', shape: [], data: Uint8Array.of(1) },
  };
  const fetches = session.outputs.map(({ name }) => name);
  expect(await session.run(feeds, fetches)).toEqual(await inPlace.run(feeds, fetches));
});

test('bytes that are not a model fail with the code and the reason of the runtime, and leave no process', async () => {
  const error = await failure(processEngine.load(Buffer.from('no model'), { threads: 1 }));
  expect(error).toMatchObject({ name: 'EngineError', code: 'load-failed' });
  expect(error.reason).toContain('protobuf');
  expect((error.cause as Error).message).toContain('protobuf');
});

test('a crash fails the runs in progress and all later ones, and says how the process ended', async () => {
  const session = await load('slow/crash');
  const fine = session.run(row(1), ['Y']);
  const runs = [session.run(row(13), ['Y']), session.run(row(1), ['Y'])];
  await expect(fine).resolves.toHaveProperty('Y');
  for (const run of runs) {
    expect(await failure(run)).toMatchObject({ code: 'process-died', reason: expect.stringContaining('SIGFPE') });
  }
  expect(await failure(session.run(row(1), ['Y']))).toMatchObject({ code: 'process-died' });
  expect(await session.death).toMatchObject({ code: 'process-died' });
  expect(await ends(session.pid)).toBe(true);
});

test('kill ends a run that does not end; the runs behind it fail with another code', async () => {
  const session = await load('slow/endless');
  const [endless, waiting] = [session.run(row(1e18), ['Y']), session.run(row(1), ['Y'])];
  await delay(200);
  session.kill('the run took more than 0.2 s');
  expect(await failure(endless)).toMatchObject({ code: 'process-killed', reason: 'the run took more than 0.2 s' });
  expect(await failure(waiting)).toMatchObject({ code: 'process-died' });
  expect(await session.death).toMatchObject({ code: 'process-killed' });
  expect(await ends(session.pid)).toBe(true);
});

test('a process that is killed while it receives a large input fails both runs', async () => {
  const session = await load('slow/endless');
  const large: Tensor = { dtype: 'float32', shape: [500_000, 4], data: new Float32Array(2_000_000) };
  const [endless, waiting] = [session.run(row(1e18), ['Y']), session.run({ X: large }, ['Y'])];
  await delay(100);
  session.kill('the run took more than 0.1 s');
  await session.release();
  expect(await failure(endless)).toMatchObject({ code: 'process-killed' });
  expect(await failure(waiting)).toMatchObject({ code: 'process-died' });
});

test('feeds that are not tensors fail alone', async () => {
  const session = await load('double');
  const fine: Tensor = { dtype: 'float32', shape: [1, 2], data: Float32Array.of(1, 2) };
  const runs = [{ X: fine }, { X: undefined as unknown as Tensor }, { X: { ...fine, shape: [3, 2] } }, { X: fine }];
  const results = await Promise.all(
    runs.map((feeds) =>
      session.run(feeds, ['shape']).then(
        () => 'fine',
        (error: unknown) => (error as EngineError).code,
      ),
    ),
  );
  expect(results).toEqual(['fine', 'run-failed', 'run-failed', 'fine']);
});

test('a process that cannot be started is a process that died', () => {
  const script = `
    import { openSync, readFileSync } from 'node:fs';
    import { processEngine } from ${JSON.stringify(join(import.meta.dirname, 'process-engine.ts'))};
    const model = readFileSync(${JSON.stringify(join(fixtures, 'double.onnx'))});
    try { for (;;) openSync('/dev/null'); } catch (error) { console.log(error.code); }
    await processEngine.load(model, { threads: 1 }).catch(({ code, reason }) => console.log(code, reason));`;
  const { stdout, stderr } = spawnSync(
    'sh',
    ['-c', 'ulimit -n 100; exec "$0" --input-type=module --eval "$1"', process.execPath, script],
    { encoding: 'utf8', timeout: 20_000 },
  );
  expect([stdout, stderr]).toEqual([
    expect.stringMatching(/^EMFILE\nprocess-died the inference process could not be started: .*EMFILE/),
    '',
  ]);
});

test('release ends the process, also during a run, and is not a death', async () => {
  const [idle, busy] = [await load('double'), await load('slow/endless')];
  const run = failure(busy.run(row(1e18), ['Y']));
  await Promise.all([idle.release(), busy.release()]);
  expect((await run).reason).toContain('released');
  expect((await failure(idle.run({}, []))).reason).toContain('released');
  expect(await ends(idle.pid)).toBe(true);
  expect(await ends(busy.pid)).toBe(true);
  expect(await Promise.race([busy.death, delay(100, 'no death')])).toBe('no death');
});

test('a load can be aborted', async () => {
  const loading = processEngine.load(await readFile(join(fixtures, 'double.onnx')), {
    threads: 1,
    signal: AbortSignal.timeout(1),
  });
  expect(await failure(loading)).toMatchObject({ code: 'process-killed' });
});

test('a load that takes too long ends', async () => {
  const loading = processEngine.load(await readFile(join(fixtures, 'double.onnx')), { threads: 1, loadSeconds: 0.001 });
  expect(await failure(loading)).toMatchObject({
    code: 'process-killed',
    reason: 'loading it took more than 0.001 s',
  });
});

// Other systems have no such limit.
(process.platform === 'linux' ? test : test.skip)(
  'a run that needs more memory than the process may use fails alone',
  async () => {
    const session = await processEngine.load(await readFile(join(fixtures, 'expand.onnx')), {
      threads: 1,
      memoryBytes: 128 * 2 ** 20,
    });
    sessions.push(session);
    const expanded = (length: bigint) =>
      session.run({ shape: { dtype: 'int64', shape: [1], data: BigInt64Array.of(length) } }, ['expanded']);
    expect(await failure(expanded(2n ** 29n))).toMatchObject({
      code: 'out-of-memory',
      reason: 'the model needs more memory for this input than there is',
    });
    expect((await expanded(3n))['expanded']!.shape).toEqual([3]);
    expect(await failure(expanded(2n ** 29n))).toMatchObject({ code: 'out-of-memory' });
    expect(await readFile(`/proc/${session.pid}/oom_score_adj`, 'utf8')).toBe('1000\n');
    expect((await expanded(2n))['expanded']!.shape).toEqual([2]);
  },
);

test('outputs that are larger than they may be are not sent', async () => {
  const session = await processEngine.load(await readFile(join(fixtures, 'expand.onnx')), {
    threads: 1,
    mostOutputBytes: 2 ** 20,
  });
  sessions.push(session);
  const expanded = (length: bigint) =>
    session.run({ shape: { dtype: 'int64', shape: [1], data: BigInt64Array.of(length) } }, ['expanded']);
  const before = process.memoryUsage().arrayBuffers;
  expect(await failure(expanded(2n ** 25n))).toMatchObject({ code: 'outputs-too-large' });
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20);
  expect((await expanded(3n))['expanded']!.shape).toEqual([3]);
});

/** Starts a process that loads a model with the process engine, runs it, and prints the inference process's id. */
async function startParent(fixture: string, feeds: string, then = '') {
  const script = `
    import { readFileSync } from 'node:fs';
    import { processEngine } from ${JSON.stringify(join(import.meta.dirname, 'process-engine.ts'))};
    const model = readFileSync(${JSON.stringify(join(fixtures, `${fixture}.onnx`))});
    const session = await processEngine.load(model, { threads: 1 });
    const run = session.run(${feeds}, session.outputs.map(({ name }) => name));
    ${then}
    console.log(session.pid);`;
  const parent = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, API_KEY: 'secret' },
  });
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  return { parent, pid: Number(line) };
}

test('an idle process does not keep its parent from exiting, and ends with it', async () => {
  const feeds = "{ X: { dtype: 'float32', shape: [1, 2], data: Float32Array.of(1, 2) } }";
  const { parent, pid } = await startParent('double', feeds, 'await run;');
  const [code] = (await once(parent, 'exit', { signal: AbortSignal.timeout(10_000) })) as [number];
  expect(code).toBe(0);
  expect(await ends(pid)).toBe(true);
});

test.each([
  ['between runs', 'double', "{ X: { dtype: 'float32', shape: [1, 2], data: Float32Array.of(1, 2) } }"],
  ['during a run', 'slow/endless', "{ X: { dtype: 'float32', shape: [1, 4], data: Float32Array.of(1e18, 0, 0, 0) } }"],
])('a parent that is killed leaves no process behind, %s', async (_, fixture, feeds) => {
  const { parent, pid } = await startParent(fixture, feeds, 'setInterval(() => {}, 1000);');
  expect(await readFile(`/proc/${parent.pid ?? 0}/environ`, 'utf8')).toContain('API_KEY');
  expect(await readFile(`/proc/${pid}/environ`, 'utf8')).not.toContain('API_KEY');
  parent.kill('SIGKILL');
  expect(await ends(pid)).toBe(true);
});

test('an inference process ignores Ctrl-C in a terminal', async () => {
  const session = await load('double');
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(session.pid, signal);
  await delay(100);
  await expect(
    session.run({ X: { dtype: 'float32', shape: [1, 2], data: Float32Array.of(1, 2) } }, ['shape']),
  ).resolves.toHaveProperty('shape');
});
