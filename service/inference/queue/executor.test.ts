import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { EngineError, type Session, type Tensor } from '../../../onnx/engine/engine.ts';
import { memoryEngine } from '../../../onnx/engine/fixtures/memory-engine.ts';
import type { Signature } from '../../../onnx/signature/signature.ts';
import { ServiceError } from '../../errors.ts';
import { ownOutputs } from '../batch.ts';
import { Executor, type ExecutorObserver } from './executor.ts';
import type { RunOptions, Tensors } from '../run.ts';
import type { ServingPlan } from './serving-plan.ts';

const inputs = [
  { name: 'X', dtype: 'float32', shape: ['N', 'W'] },
  { name: 'text', dtype: 'string', shape: ['N', 1] },
] as const;
const outputs = [
  { name: 'sum', dtype: 'float32', shape: ['N'] },
  { name: 'wide', dtype: 'float64', shape: ['N', 2, 'W'] },
  { name: 'text', dtype: 'string', shape: ['N', 1] },
] as const;
const signature = { name: 'm', inputs, outputs, batching: 'batched' } as unknown as Signature;
const fetches = outputs.map(({ name }) => name);
/** A row that contains it fails the whole run. */
const BAD = -13;

/** A model with independent rows, which rejects bad ones. */
function compute({ X, text }: Tensors): Record<string, Tensor> {
  const [rows = 0, width = 0] = X?.shape ?? [];
  const data = X?.data as Float32Array;
  if (data.includes(BAD)) throw new EngineError('run-failed', `bad row in ${rows}`);
  const row = (index: number): Float32Array => data.subarray(index * width, (index + 1) * width);
  return {
    sum: {
      dtype: 'float32',
      shape: [rows],
      data: Float32Array.from({ length: rows }, (_, index) => row(index).reduce((sum, each) => sum + each, 0)),
    },
    wide: {
      dtype: 'float64',
      shape: [rows, 2, width],
      data: Float64Array.from(Array.from({ length: rows }, (_, index) => [...row(index), ...row(index)]).flat()),
    },
    text: {
      dtype: 'string',
      shape: [rows, 1],
      data: (text?.data as readonly string[]).map((each) => `<${each}>`),
    },
  };
}

async function session(run?: Session['run']): Promise<Session> {
  const loaded = await memoryEngine({ inputs, outputs, compute }).load(new Uint8Array(), { threads: 1 });
  return run === undefined ? loaded : { ...loaded, run };
}

function plan(changes: Partial<ServingPlan> = {}): ServingPlan {
  const queue = changes.queue ?? { rows: 1000, bytes: 2 ** 24 };
  return {
    placement: 'event-loop',
    stackRows: true,
    unstackable: undefined,
    maxBatch: 8,
    maxDelayMs: 0,
    queue,
    overloadQueue: queue,
    rowLimit: { rows: 10_000, reason: 'it is a test' },
    maxResponseBytes: 2 ** 20,
    costs: [],
    ...changes,
  };
}

function feeds(rows: readonly (readonly number[])[]): Tensors {
  return {
    X: { dtype: 'float32', shape: [rows.length, rows[0]?.length ?? 0], data: Float32Array.from(rows.flat()) },
    text: { dtype: 'string', shape: [rows.length, 1], data: rows.map((row) => row.join('+')) },
  };
}

const forever: RunOptions = { deadline: Infinity };
const codeOf = (error: unknown): unknown =>
  error instanceof ServiceError || error instanceof EngineError ? error.code : error;
const outcome = (promise: Promise<unknown>): Promise<unknown> => promise.then(() => 'ok', codeOf);

/** A session whose runs end when the test says so. */
function manual(): { session: Promise<Session>; runs: { rows: number; finish: () => void }[] } {
  const runs: { rows: number; finish: () => void }[] = [];
  return {
    runs,
    session: session(
      (given) =>
        new Promise((resolve) => {
          runs.push({
            rows: given['X']?.shape[0] ?? 0,
            finish: () => {
              resolve(compute(given));
            },
          });
        }),
    ),
  };
}
const turn = (): Promise<unknown> => delay(5);

const row = (width: number): fc.Arbitrary<number[]> =>
  fc.array(
    fc.oneof({ weight: 20, arbitrary: fc.integer({ min: -5, max: 5 }) }, { weight: 1, arbitrary: fc.constant(BAD) }),
    {
      minLength: width,
      maxLength: width,
    },
  );
const request = fc.record({
  rows: fc.integer({ min: 1, max: 3 }).chain((width) => fc.array(row(width), { minLength: 1, maxLength: 30 })),
  pause: fc.integer({ min: 0, max: 2 }),
  wanted: fc.constantFrom<readonly string[]>(fetches, ['sum'], ['text', 'wide']),
});

test('requests that share runs get the same results as alone, whatever arrives next to them', async () => {
  const alone = await session();
  await fc.assert(
    fc.asyncProperty(
      fc.array(request, { minLength: 1, maxLength: 20 }),
      fc.integer({ min: 1, max: 9 }),
      fc.constantFrom(0, 1),
      async (requests, maxBatch, maxDelayMs) => {
        let largest = 0;
        const executor = new Executor(
          signature,
          await session((given, wanted) => {
            largest = Math.max(largest, given['X']?.shape[0] ?? 0);
            return alone.run(given, wanted);
          }),
          plan({ maxBatch, maxDelayMs }),
        );
        await Promise.all(
          requests.map(async ({ rows, pause, wanted }) => {
            if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
            const expected = await alone.run(feeds(rows), wanted).catch(codeOf);
            const actual = await executor.run(feeds(rows), wanted, forever).then(ownOutputs).catch(codeOf);
            expect(actual).toEqual(expected);
          }),
        );
        await executor.close();
        expect(largest).toBeLessThanOrEqual(maxBatch);
        expect([executor.queuedRows, executor.queuedBytes]).toEqual([0, 0]);
      },
    ),
    { numRuns: 60 },
  );
});

test('rows that arrive in one turn, or during a run, share the next one', async () => {
  const { session: slow, runs } = manual();
  const executor = new Executor(signature, await slow, plan());
  const first = [1, 2, 3].map((value) => executor.run(feeds([[value]]), fetches, forever));
  await turn();
  const second = [4, 5].map((value) => executor.run(feeds([[value], [value]]), fetches, forever));
  await turn();
  expect(runs.map(({ rows }) => rows)).toEqual([3]);
  runs[0]?.finish();
  await turn();
  expect(runs.map(({ rows }) => rows)).toEqual([3, 4]);
  runs[1]?.finish();
  expect((await Promise.all([...first, ...second])).map(({ firstRow, rows }) => [firstRow, rows])).toEqual([
    [0, 1],
    [1, 1],
    [2, 1],
    [0, 2],
    [2, 2],
  ]);
  await executor.close();
  expect(executor.counts).toMatchObject({
    runs: 2,
    rows: 7,
    queue: { count: 5 },
    input: { count: 5 },
    run: { count: 5 },
  });
  expect([...executor.counts.sizes.keys()]).toEqual([3, 4]);
});

test('without proof that rows are independent, each request is one run, as it came', async () => {
  const sizes: number[] = [];
  const alone = await session();
  const executor = new Executor(
    signature,
    await session((given, wanted) => {
      sizes.push(given['X']?.shape[0] ?? 0);
      return alone.run(given, wanted);
    }),
    plan({ stackRows: false, maxBatch: 1 }),
  );
  await Promise.all(
    [20, 1, 3].map((count) => executor.run(feeds(Array.from({ length: count }, () => [1])), fetches, forever)),
  );
  expect(sizes).toEqual([20, 1, 3]);
});

test('outputs without the rows of the inputs are not divided: each request runs alone', async () => {
  const odd = await session((given) =>
    Promise.resolve({ sum: { dtype: 'float32', shape: [1], data: Float32Array.of(given['X']?.shape[0] ?? 0) } }),
  );
  const executor = new Executor(signature, odd, plan());
  const results = await Promise.all(
    [3, 2, 20].map((count) => executor.run(feeds(Array.from({ length: count }, () => [1])), ['sum'], forever)),
  );
  expect(results.map((result) => ownOutputs(result)['sum']?.data)).toEqual(
    [3, 2, 20].map((count) => Float32Array.of(count)),
  );
});

test('a request with many rows lets small ones in between', async () => {
  const order: string[] = [];
  const executor = new Executor(signature, await session(), plan({ maxBatch: 4 }));
  const large = executor
    .run(feeds(Array.from({ length: 200 }, (_, index) => [index])), ['sum'], forever)
    .then((result) => {
      order.push('large');
      return result;
    });
  await new Promise((resolve) => setImmediate(resolve));
  const small = Promise.all(
    Array.from({ length: 5 }, async (_, index) => {
      await executor.run(feeds([[index]]), ['sum'], forever);
      order.push('small');
    }),
  );
  await small;
  expect(ownOutputs(await large)['sum']?.data).toEqual(Float32Array.from({ length: 200 }, (_, index) => index));
  expect(order.at(-1)).toBe('large');
});

describe('a request that is too large never runs', () => {
  const most = 4 * 2 ** 20;
  const tooLarge = 'The response would be larger than 1048576 bytes (MAX_RESPONSE_BYTES). Send fewer rows per request.';
  const rows = (count: number, width = 1): Tensors => ({
    X: { dtype: 'float32', shape: [count, width], data: new Float32Array(count * width) },
    text: { dtype: 'string', shape: [count, 1], data: new Array<string>(count).fill('') },
  });
  const error = (promise: Promise<unknown>): Promise<unknown> => promise.catch((thrown: unknown) => thrown);
  const never: Session['run'] = () => Promise.reject(new Error('it ran'));

  test('because of its rows', async () => {
    const executor = new Executor(signature, await session(never), plan());
    expect(await error(executor.run(rows(10_001), ['sum'], forever))).toMatchObject({
      code: 'body-too-large',
      message:
        "The request has 10001 rows, but the model 'm' accepts at most 10000 in one request: it is a test. " +
        'Send fewer rows per request.',
    });
    expect(await error(executor.run(rows(0), ['sum'], forever))).toMatchObject({ code: 'invalid-input' });
  });

  test('because of the outputs that the model declares', async () => {
    const large = [{ name: 'large', dtype: 'float32', shape: ['N', 1024, 'W', 2] }, outputs[0]] as const;
    const executor = new Executor({ ...signature, outputs: large }, await session(never), plan());
    const fitting = most / 4 / 1024 / 2;
    const run = (count: number, name: string): Promise<unknown> => error(executor.run(rows(count), [name], forever));
    expect(await run(fitting + 1, 'large')).toMatchObject({ code: 'body-too-large', message: tooLarge });
    for (const [count, name] of [
      [fitting, 'large'],
      [fitting + 1, 'sum'],
    ] as const)
      expect(await run(count, name)).toMatchObject({ message: 'it ran' });
  });

  test('or the process of the model does not send its outputs', async () => {
    const run = () => Promise.reject(new EngineError('outputs-too-large', 'its outputs have 5000000 bytes'));
    const executor = new Executor(signature, await session(run), plan());
    expect(await error(executor.run(rows(1), ['sum'], forever))).toMatchObject({
      code: 'body-too-large',
      message: tooLarge,
    });
  });

  test('or its outputs are not kept, because of their size; requests next to it are served', async () => {
    let runs = 0;
    const amplify = await session((given) => {
      runs++;
      const [count = 0] = given['X']?.shape ?? [];
      return Promise.resolve({
        sum: { dtype: 'float32', shape: [count, 1024], data: new Float32Array(count * 1024) },
      });
    });
    const executor = new Executor(signature, amplify, plan({ queue: { rows: 10_000, bytes: 2 ** 24 } }));
    const fitting = most / 4 / 1024;
    const results = await Promise.all(
      [1, fitting + 1, 2].map((count) => error(executor.run(rows(count), ['sum'], forever))),
    );
    expect(results[1]).toMatchObject({ code: 'body-too-large', message: tooLarge });
    for (const index of [0, 2]) expect(results[index]).toHaveProperty('outputs');
    // Only the first rows of the one that is too large have run.
    expect(runs).toBeLessThan(4);
    expect(ownOutputs(await executor.run(rows(fitting), ['sum'], forever))['sum']?.shape).toEqual([fitting, 1024]);
    expect([executor.queuedRows, executor.queuedBytes]).toEqual([0, 0]);
  });
});

describe('admission', () => {
  test('beyond the limit of rows or bytes, requests are refused at once; an empty queue accepts any', async () => {
    const { session: slow, runs } = manual();
    const refused: string[] = [];
    const observer: ExecutorObserver = {
      ran: () => undefined,
      waited: () => undefined,
      refused: (reason) => refused.push(reason),
    };
    const executor = new Executor(signature, await slow, plan({ queue: { rows: 10, bytes: 10_000 } }), observer);
    const rows = (count: number): Tensors => feeds(Array.from({ length: count }, () => [1]));
    const accepted = [executor.run(rows(100), ['sum'], forever)];
    expect(await outcome(executor.run(rows(1), ['sum'], forever))).toBe('overloaded');
    expect(() => {
      executor.admit(1);
    }).toThrow(ServiceError);
    for (let run = 0; run < 13; run++) {
      await turn();
      runs[run]?.finish();
    }
    await Promise.all(accepted);
    executor.admit(1);
    accepted.push(executor.run(rows(6), ['sum'], forever), executor.run(rows(4), ['sum'], forever));
    expect(executor.queuedRows).toBe(10);
    expect(await outcome(executor.run(rows(1), ['sum'], forever))).toBe('overloaded');
    expect(await outcome(executor.run(feeds([new Array<number>(3000).fill(1)]), ['sum'], forever))).toBe('overloaded');
    await turn();
    runs[13]?.finish();
    await turn();
    const huge = executor.run(feeds([new Array<number>(3000).fill(1)]), ['sum'], forever);
    expect(() => {
      executor.admit(10_000);
    }).toThrow('more requests than it can process');
    expect(refused).toEqual(['rows', 'rows', 'rows', 'rows', 'bytes']);
    for (let run = 14; run < 16; run++) {
      await turn();
      runs[run]?.finish();
    }
    await Promise.all([...accepted, huge]);
    expect([executor.queuedRows, executor.queuedBytes]).toEqual([0, 0]);
  });

  test('under concurrency, no more is accepted than the limit, and everything is answered', async () => {
    const executor = new Executor(signature, await session(), plan({ queue: { rows: 50, bytes: 2 ** 24 } }));
    const outcomes: unknown[] = [];
    await Promise.all(
      Array.from({ length: 500 }, async (_, index) => {
        if (index % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
        expect(executor.queuedRows).toBeLessThanOrEqual(50);
        outcomes.push(await outcome(executor.run(feeds([[index]]), ['sum'], forever)));
      }),
    );
    expect(outcomes).toHaveLength(500);
    expect(outcomes.filter((each) => each === 'ok').length).toBeGreaterThanOrEqual(50);
    expect(new Set(outcomes)).toEqual(new Set(['ok', 'overloaded']));
    expect([executor.queuedRows, executor.queuedBytes]).toEqual([0, 0]);
  });

  test('a further run of an accepted request is not refused', async () => {
    const { session: slow, runs } = manual();
    const executor = new Executor(signature, await slow, plan({ queue: { rows: 1, bytes: 2 ** 24 } }));
    const all = [executor.run(feeds([[1]]), ['sum'], forever)];
    all.push(executor.run(feeds([[2]]), ['sum'], { ...forever, continued: true }));
    await turn();
    runs[0]?.finish();
    await Promise.all(all);
  });
});

describe('work that nobody waits for', () => {
  test('never reaches the session, and frees its place', async () => {
    const { session: slow, runs } = manual();
    const executor = new Executor(signature, await slow, plan({ maxBatch: 1 }));
    const first = executor.run(feeds([[1]]), ['sum'], forever);
    await turn();
    let left = false;
    const expired = executor.run(feeds([[2]]), ['sum'], { deadline: performance.now() + 20 });
    const abandoned = executor.run(feeds([[3]]), ['sum'], { ...forever, abandoned: () => left });
    const fine = executor.run(feeds([[4]]), ['sum'], forever);
    left = true;
    // While the first run is still going on.
    expect(await outcome(expired)).toBe('timeout');
    expect(await outcome(abandoned)).toBe('timeout');
    expect([executor.queuedRows, runs.length]).toEqual([1, 1]);
    runs[0]?.finish();
    await turn();
    runs[1]?.finish();
    await Promise.all([first, fine]);
    expect(runs).toHaveLength(2);
    expect([executor.queuedRows, executor.queuedBytes]).toEqual([0, 0]);
  });

  test('takes no place from a request that arrives in the same turn of the event loop', async () => {
    const { session: slow, runs } = manual();
    const executor = new Executor(signature, await slow, plan({ maxBatch: 1, queue: { rows: 2, bytes: 2 ** 20 } }));
    const first = executor.run(feeds([[1]]), ['sum'], forever);
    await turn();
    let left = false;
    const options = { ...forever, abandoned: () => left };
    const abandoned = [[[2]], [[3]]].map((rows) => outcome(executor.run(feeds(rows), ['sum'], options)));
    left = true;
    const accepted = executor.run(feeds([[4]]), ['sum'], forever);
    expect(await Promise.all(abandoned)).toEqual(['timeout', 'timeout']);
    runs[0]?.finish();
    await turn();
    runs[1]?.finish();
    await Promise.all([first, accepted]);
    expect(runs).toHaveLength(2);
  });

  test('ends at its deadline while it runs; the next request is served', async () => {
    const { session: slow, runs } = manual();
    const executor = new Executor(signature, await slow, plan());
    const late = await executor
      .run(feeds([[1]]), ['sum'], { deadline: performance.now() + 30 })
      .catch((error: unknown) => error);
    expect(late).toMatchObject({ code: 'timeout', message: expect.stringMatching(/^The model 'm' did not .*running/) });
    const next = executor.run(feeds([[2]]), ['sum'], forever);
    runs[0]?.finish();
    await turn();
    runs[1]?.finish();
    expect(ownOutputs(await next)['sum']?.data).toEqual(Float32Array.of(2));
  });
});

test('a slow model with a full queue does not delay a fast one', async () => {
  const { session: slow, runs } = manual();
  const busy = new Executor(signature, await slow, plan({ queue: { rows: 5, bytes: 2 ** 24 } }));
  const waiting = Array.from({ length: 20 }, () => outcome(busy.run(feeds([[1]]), ['sum'], forever)));
  await turn();
  const fast = new Executor(signature, await session(), plan());
  for (let index = 0; index < 50; index++) await fast.run(feeds([[index]]), ['sum'], forever);
  expect(runs).toHaveLength(1);
  runs[0]?.finish();
  await turn();
  runs[1]?.finish();
  await Promise.all(waiting);
});

test('closing answers everything that is accepted, and accepts nothing more', async () => {
  const executor = new Executor(signature, await session(), plan({ maxDelayMs: 60_000, maxBatch: 3 }));
  const accepted = Array.from({ length: 100 }, (_, index) =>
    executor.run(feeds([[index], [index]]), ['sum'], forever).then(ownOutputs),
  );
  const closed = executor.close();
  expect(await outcome(executor.run(feeds([[1]]), ['sum'], forever))).toBe('shutting-down');
  await closed;
  expect((await Promise.all(accepted)).map(({ sum }) => sum?.data[0])).toEqual(
    Array.from({ length: 100 }, (_, index) => index),
  );
  expect([executor.queuedRows, executor.queuedBytes]).toEqual([0, 0]);
  await executor.close();
});

test('if the process ends, each request of its run is tried once more, alone', async () => {
  const sizes: number[] = [];
  const alone = await session();
  const executor = new Executor(
    signature,
    await session((given, wanted) => {
      const data = given['X']?.data as Float32Array;
      sizes.push(data.length);
      return data.includes(2) ? Promise.reject(new ServiceError('model-restarting', 'gone')) : alone.run(given, wanted);
    }),
    plan(),
  );
  const run = (values: readonly number[]): Promise<unknown> =>
    Promise.all(values.map((value) => outcome(executor.run(feeds([[value]]), ['sum'], forever))));
  expect(await run([1, 2, 3, 4])).toEqual(['ok', 'model-restarting', 'ok', 'ok']);
  expect(sizes).toEqual([4, 1, 1, 1, 1]);
  expect(await run([2])).toEqual(['model-restarting']);
  expect(sizes).toHaveLength(6);
});
