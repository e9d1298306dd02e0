import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import { drain } from '../lifecycle/drain.ts';
import { models } from '../fixtures/app.ts';
import { engineThatRuns } from '../fixtures/engine.ts';
import { startService } from '../fixtures/process.ts';
import { until } from '../fixtures/until.ts';
import { empty, livePath, RawClient } from './fixtures/raw-client.ts';
import { start, stopAll } from './fixtures/server.ts';

afterEach(stopAll);

const request = {
  model_name: 'iris',
  inputs: [{ name: 'X', datatype: 'FP32', shape: ['1', '4'], contents: { fp32_contents: [5.1, 3.5, 1.4, 0.2] } }],
};
const codeOf = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'OK',
    (error: unknown) => status[(error as { code: status }).code],
  );

/** A model whose run lasts until the test releases it. */
function gate() {
  const [running, open] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
  const engine = engineThatRuns(async () => {
    running.resolve(undefined);
    await open.promise;
    return {
      output_label: { dtype: 'int64', shape: [1], data: BigInt64Array.of(0n) },
      output_probability: { dtype: 'float32', shape: [1, 3], data: Float32Array.of(1, 0, 0) },
    };
  });
  return {
    engine,
    running: running.promise,
    open: () => {
      open.resolve(undefined);
    },
  };
}

test('a call in progress completes, new calls are rejected, and then the server ends', async () => {
  const { engine, running, open } = gate();
  const started = await start({ engine });
  const client = started.client();
  const inFlight = client.call('ModelInfer', request);
  await running;
  const drained = drain([started], started.lifecycle, started.config);
  // The same connection may still get a GOAWAY; a new one is refused.
  for (let code = ''; code !== 'UNAVAILABLE';) code = await codeOf(started.client().call('ServerLive'));
  expect(await codeOf(client.call('ServerLive'))).toBe('UNAVAILABLE');
  open();
  expect(await inFlight).toMatchObject({ model_name: 'iris' });
  expect(await drained).toBe(0);
});

test('a call that outlasts the grace period is interrupted and counted', async () => {
  const { engine, running } = gate();
  const started = await start({ engine, environment: { REQUEST_TIMEOUT_SECONDS: '0.1', GRACE_PERIOD_SECONDS: '6' } });
  const inFlight = codeOf(started.client().call('ModelInfer', request));
  await running;
  // As if no time were left: the request timeout would end calls before the real deadline.
  const cut = await drain([{ ...started, close: () => new Promise<void>(() => undefined) }], started.lifecycle, {
    ...started.config,
    gracePeriodSeconds: 1,
  });
  expect(cut).toBe(1);
  // Which one depends on what the client reads last of the connection that ends. It calls a broken stream INTERNAL.
  expect(['UNAVAILABLE', 'CANCELLED', 'DEADLINE_EXCEEDED', 'INTERNAL']).toContain(await inFlight);
});

test('under load no call fails: clients are told to reconnect, and do', async () => {
  const started = await start({ environment: { DRAIN_DELAY_SECONDS: '1' } });
  const draining = Promise.withResolvers<undefined>();
  let answered = 0;
  const clients = Array.from({ length: 10 }, async () => {
    const client = started.client();
    for (;;) {
      const code = await codeOf(client.call('ModelInfer', request));
      // The last phase rejects calls. The phases before it matter here.
      if (!['serving', 'draining'].includes(started.lifecycle.phase)) return 'OK';
      if (code !== 'OK') return code;
      answered += 1;
      if (answered === 200) draining.resolve(undefined);
    }
  });
  await draining.promise;
  const before = answered;
  expect(await drain([started], started.lifecycle, started.config)).toBe(0);
  expect(new Set(await Promise.all(clients))).toEqual(new Set(['OK']));
  expect(answered).toBeGreaterThan(before);
});

test('a client that does not close its side of a connection does not keep the process running', async () => {
  const service = await startService(models, { GRPC_PORT: '0' });
  const client = new RawClient(service.grpcAddress, undefined, true);
  client.call(livePath, 1, empty);
  await once(client.socket, 'data');
  void service.stop();
  await until(() => !service.alive(), 'the process ends');
  client.destroy();
});

test('connections that were opened while the process stood still until it closed are answered, not reset', async () => {
  const delaySeconds = 1;
  const service = await startService(models, { GRPC_PORT: '0', DRAIN_DELAY_SECONDS: String(delaySeconds) });
  const exited = service.stop();
  // The drain has begun once a response closes its connection.
  await until(async () => (await fetch(`${service.url}/livez`)).headers.get('connection') === 'close', 'it drains');
  process.kill(service.pid, 'SIGSTOP');
  const clients = Array.from({ length: 20 }, () => new RawClient(service.grpcAddress));
  const answers = clients.map(({ socket }) => once(socket, 'data').then(() => 'answered', String));
  await sleep(1000 * delaySeconds + 200);
  process.kill(service.pid, 'SIGCONT');
  expect(await Promise.all(answers)).toEqual(new Array(20).fill('answered'));
  expect(await exited).toBe(0);
});
