import { setTimeout as delay } from 'node:timers/promises';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError, type Tensor } from '../../../onnx/engine/engine.ts';
import { processEngine, type ProcessSession } from '../../../onnx/engine/process/process-engine.ts';
import type { Signature } from '../../../onnx/signature/signature.ts';
import type { ServiceError } from '../../errors.ts';
import { Executor } from '../queue/executor.ts';
import { unmeasuredPlan } from '../queue/serving-plan.ts';
import { SupervisedSession, type ProcessEvent } from './supervisor.ts';
import type { Tensors } from '../run.ts';

const fast = { firstMs: 10, mostMs: 40, resetMs: 60_000 };

/** A process whose end the test decides. */
class FakeProcess implements ProcessSession {
  readonly inputs = [];
  readonly outputs = [];
  readonly pid = 1;
  runs = 0;
  readonly #death = Promise.withResolvers<EngineError>();
  readonly #run = Promise.withResolvers<Tensors>();
  readonly death = this.#death.promise;

  run(): Promise<Tensors> {
    this.runs++;
    return this.#run.promise;
  }

  finish(outputs: Tensors): void {
    this.#run.resolve(outputs);
  }

  kill(reason: string): void {
    this.end(new EngineError('process-killed', reason));
  }

  end(error: EngineError): void {
    this.#run.reject(error);
    // A run that nobody started.
    this.#run.promise.catch(() => undefined);
    this.#death.resolve(error);
  }

  release(): Promise<void> {
    return Promise.resolve();
  }
}

function supervised(loads: (() => Promise<ProcessSession>)[], runTimeoutSeconds = 60, backOff = fast) {
  const events: ProcessEvent[] = [];
  const first = new FakeProcess();
  const session = new SupervisedSession(first, () => loads.shift()?.() ?? Promise.reject(new Error('no more')), {
    model: 'm',
    runTimeoutSeconds,
    backOff,
    log: (event) => events.push(event),
  });
  return { session, first, events };
}
const died = new EngineError('process-died', 'the inference process was ended by SIGSEGV');

test('a process that ends is replaced; until then, runs wait and the outage is described', async () => {
  const second = new FakeProcess();
  const { session, first, events } = supervised([() => Promise.resolve(second)]);
  expect(session.outage).toBeUndefined();
  const run = session.run({}, []).catch((error: unknown) => error);
  first.end(died);
  expect(await run).toMatchObject({
    code: 'model-restarting',
    message: expect.stringContaining('SIGSEGV'),
    cause: died,
  });
  expect(session.outage).toContain('SIGSEGV');
  const waiting = session.run({}, []);
  while (session.outage !== undefined) await delay(5);
  second.finish({});
  expect(await waiting).toEqual({});
  expect([first.runs, second.runs]).toEqual([1, 1]);
  expect([session.restarts, events]).toEqual([1, [{ model: 'm', reason: died.reason, delayMs: 10 }]]);
  await session.release();
});

test('runs are rejected at once if the next attempt is far away, or the session is released', async () => {
  const { session, first } = supervised([], 60, { firstMs: 60_000, mostMs: 60_000, resetMs: 60_000 });
  first.end(died);
  await delay(0);
  await expect(session.run({}, [])).rejects.toMatchObject({
    code: 'model-restarting',
    message: expect.stringContaining('SIGSEGV'),
  });
  await session.release();

  const released = supervised([() => new Promise(() => undefined)]);
  released.first.end(died);
  await delay(0);
  const run = released.session.run({}, []).catch((error: unknown) => error);
  await released.session.release();
  expect(await run).toMatchObject({ code: 'model-restarting' });
});

test('the back-off doubles up to its limit while the process cannot be started', async () => {
  const failing = (): Promise<never> => Promise.reject(new Error('cannot load'));
  const last = new FakeProcess();
  const { session, first, events } = supervised([failing, failing, failing, () => Promise.resolve(last)]);
  first.end(died);
  while (session.restarts === 0) await delay(5);
  expect(events.map(({ delayMs }) => delayMs)).toEqual([10, 20, 40, 40]);
  expect(events.at(-1)?.reason).toBe('cannot load');
  await session.release();
});

test('a run that takes too long is ended with its process: its request times out', async () => {
  const { session } = supervised([], 0.05);
  await expect(session.run({}, [])).rejects.toMatchObject({
    code: 'timeout',
    message: "The model 'm' did not respond: a run took more than 0.05 s.",
  });
  await delay(5);
  expect(session.outage).toContain('a run took more than 0.05 s');
  await session.release();
});

test('a released session starts no process', async () => {
  let loads = 0;
  const { session, first } = supervised([
    () => {
      loads++;
      return Promise.resolve(new FakeProcess());
    },
  ]);
  first.end(died);
  await delay(0);
  await session.release();
  await delay(30);
  expect(loads).toBe(0);
});

describe('with real processes', () => {
  const load = async (name: string): Promise<ProcessSession> =>
    processEngine.load(await readFile(join(import.meta.dirname, `../../../onnx/fixtures/slow/${name}.onnx`)), {
      threads: 1,
    });
  const x = (first: number): Tensors => ({
    X: { dtype: 'float32', shape: [1, 4], data: Float32Array.of(first, 0, 0, 0) } satisfies Tensor,
  });
  const recovered = async (session: SupervisedSession): Promise<void> => {
    while (session.outage !== undefined) await delay(10);
    expect(Object.keys(await session.run(x(1), ['Y']))).toEqual(['Y']);
    expect(session.restarts).toBe(1);
    await session.release();
  };

  test('an endless run is ended, and the model runs again', async () => {
    const session = new SupervisedSession(await load('endless'), () => load('endless'), {
      model: 'endless',
      runTimeoutSeconds: 0.5,
      backOff: fast,
    });
    await expect(session.run(x(1e18), ['Y'])).rejects.toMatchObject({ code: 'timeout' });
    await delay(50);
    await recovered(session);
  }, 30_000);

  test('a run that ends the process costs the requests next to it and behind it nothing', async () => {
    if (process.arch !== 'x64') return; // Only there, the overflow of a division ends the process.
    const model = { name: 'crash', inputs: [{ name: 'X' }], outputs: [], batching: 'batched' };
    const session = new SupervisedSession(await load('crash'), () => load('crash'), {
      model: 'crash',
      runTimeoutSeconds: 60,
      backOff: fast,
    });
    const queue = { rows: 100, bytes: 2 ** 20 };
    const executor = new Executor(model as unknown as Signature, session, {
      ...unmeasuredPlan('batched'),
      maxBatch: 4,
      queue,
      overloadQueue: queue,
    });
    const cells = Array.from({ length: 20 }, (_, index) => (index === 9 ? 13 : 0));
    const outcomes = await Promise.all(
      cells.map((cell) =>
        executor.run(x(cell), ['Y'], { deadline: Infinity }).then(
          () => 'served',
          (error: unknown) => (error as ServiceError).code,
        ),
      ),
    );
    expect(outcomes).toEqual(cells.map((cell) => (cell === 13 ? 'model-restarting' : 'served')));
    // Once with the others, and once alone.
    expect(session.restarts).toBe(2);
    await session.release();
  }, 30_000);

  test('after SIGKILL, the model runs again', async () => {
    const first = await load('endless');
    const session = new SupervisedSession(first, () => load('endless'), {
      model: 'endless',
      runTimeoutSeconds: 60,
      backOff: fast,
    });
    const run = session.run(x(1e18), ['Y']).catch((error: unknown) => error);
    await delay(100);
    process.kill(first.pid, 'SIGKILL');
    expect(await run).toMatchObject({ code: 'model-restarting' });
    await delay(50);
    await recovered(session);
  }, 30_000);
});
