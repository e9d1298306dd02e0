/** What clients send that want to exhaust the server. A good client is served all the while. */
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { connectivityState, type ClientReadableStream } from '@grpc/grpc-js';
import type { ModelInferResponse } from './fixtures/messages.ts';
import { empty, livePath, RawClient, watchPath } from './fixtures/raw-client.ts';
import { protos, start, stopAll, type Started } from './fixtures/server.ts';
import { frameMessage } from './http2/messages.ts';
import { MOST_STREAMS } from './http2/server.ts';
import { until } from '../fixtures/until.ts';

const undo: (() => void)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0)) step();
  await stopAll();
});

const reflection = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';
const streamPath = '/inference.GRPCInferenceService/ModelStreamInfer';
const inferPath = '/inference.GRPCInferenceService/ModelInfer';

const request = {
  model_name: 'iris',
  inputs: [{ name: 'X', datatype: 'FP32', shape: ['1', '4'], contents: { fp32_contents: [5.1, 3.5, 1.4, 0.2] } }],
};

function attacker(started: Started, window?: number): RawClient {
  const client = new RawClient(started.address, window);
  undo.push(() => {
    client.destroy();
  });
  return client;
}

/**
 * A client with a connection that it keeps, and a new connection for every other call. Each of its calls has to be
 * answered.
 */
function goodClient(started: Started) {
  const kept = started.client();
  let [answers, stopped] = [0, false];
  const predict = async (client: typeof kept): Promise<void> => {
    const { outputs } = await client.call<ModelInferResponse>('ModelInfer', request, { deadline: Date.now() + 5000 });
    expect(outputs[0]!.contents).toEqual({ int64_contents: ['0'] });
    answers += 1;
  };
  const calling = (async () => {
    while (!stopped) {
      await predict(kept);
      const fresh = started.client();
      await predict(fresh);
      fresh.close();
      await delay(20);
    }
  })();
  // Awaited in the end. Until then, a failure is not an unhandled one.
  calling.catch(() => undefined);
  return {
    /** Waits for some answers. */
    async served(count = 6): Promise<void> {
      for (const wanted = answers + count; answers < wanted;) await Promise.race([delay(10), calling]);
    },
    async stop(): Promise<void> {
      stopped = true;
      await calling;
    },
  };
}

const inFlight = async ({ metrics }: Started): Promise<number> =>
  Number(/rhizome_requests_in_flight\{protocol="grpc"\} (\d+)/.exec((await metrics.scrape()).text)?.[1]);
const statuses = ({ logs }: Started, path: string): unknown[] =>
  logs.filter((line) => line['msg'] === 'request' && line['path'] === path).map(({ status }) => status);
const count = (all: unknown[], status: string): number => all.filter((each) => each === status).length;

test('a client that ignores the limit of streams loses its connection', async () => {
  const started = await start({ limits: { watchesPerConnection: 10_000, watches: 10_000 } });
  const good = goodClient(started);
  await good.served();
  const client = attacker(started);
  let [most, ended] = [0, false];
  client.socket.on('close', () => {
    ended = true;
  });
  client.call(watchPath, 10_000, empty);
  await until(async () => {
    most = Math.max(most, await inFlight(started));
    return ended;
  }, 'the connection ends');
  expect(most).toBeLessThanOrEqual(MOST_STREAMS + 2);
  await good.served();
  await good.stop();
  await until(async () => (await inFlight(started)) === 0, 'the streams are closed');
});

test('no client takes the watches of others: each connection has a few, and the busiest gives way', async () => {
  const started = await start({ limits: { watches: 20, watchesPerConnection: 4 } });
  const { path, requestSerialize, responseDeserialize } = protos.health['Watch']!;
  const watch = () => {
    const stream = started.client().client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, {});
    return stream.on('error', () => undefined) as ClientReadableStream<{ status: string }>;
  };
  const next = async (stream: ClientReadableStream<{ status: string }>): Promise<string> =>
    ((await once(stream, 'data')) as [{ status: string }])[0].status;

  const before = watch();
  expect(await next(before)).toBe('SERVING');
  const good = goodClient(started);
  for (let index = 0; index < 10; index += 1) attacker(started).call(watchPath, 10, empty);
  // Each of the ten has at most four. Of these, all but the allowed ones have given way.
  await until(() => count(statuses(started, watchPath), 'RESOURCE_EXHAUSTED') >= 81, 'the others are refused');
  expect(await inFlight(started)).toBeLessThanOrEqual(20 + 2);
  const after = watch();
  expect(await next(after)).toBe('SERVING');
  const changes = [next(before), next(after)];
  await good.stop();
  started.lifecycle.advance('draining');
  started.lifecycle.advance('closing');
  expect(await Promise.all(changes)).toEqual(['NOT_SERVING', 'NOT_SERVING']);
});

test('a connection that does not speak HTTP/2, answers no ping, or has no calls is closed', async () => {
  const started = await start({ limits: { sweepMilliseconds: 5 } });
  const good = goodClient(started);
  await good.served();
  const [host = '', port = ''] = started.address.split(':');
  const silent = Array.from({ length: 100 }, () => {
    const socket = connect(Number(port), host).on('error', () => undefined);
    undo.push(() => socket.destroy());
    return new Promise((resolve) => {
      socket.resume().once('close', resolve);
    });
  });
  const deaf = attacker(started);
  deaf.call(watchPath, 1, empty);
  await Promise.all([...silent, deaf.closed]);
  // This one answers pings.
  const idle = started.client();
  await idle.call('ServerLive');
  await until(() => idle.client.getChannel().getConnectivityState(false) === connectivityState.IDLE, 'it is closed');
  expect(await idle.call('ServerLive')).toEqual({ live: true });
  await good.stop();
});

test('when there are too many connections, the one that is idle longest makes room', async () => {
  const started = await start({ limits: { connections: 100 } });
  const good = goodClient(started);
  await good.served();
  const [host = '', port = ''] = started.address.split(':');
  let [opened, closed] = [0, 0];
  for (let round = 0; round < 4; round += 1) {
    for (let index = 0; index < 50; index += 1) {
      const client = index % 3 === 0 ? undefined : attacker(started);
      const socket = client?.socket ?? connect(Number(port), host).on('error', () => undefined);
      undo.push(() => socket.destroy());
      // One has a call, and another one a call without a request.
      client?.call(livePath, 1, index % 3 === 1 ? empty : undefined);
      opened += 1;
      socket.resume().on('close', () => (closed += 1));
    }
    await good.served();
  }
  await until(() => opened - closed <= 100, 'there are no more than 100');
  await good.served();
  await good.stop();
});

test('calls without a request, and responses that are not read, make room for others', async () => {
  const started = await start({ limits: { calls: 50 } });
  const good = goodClient(started);
  await good.served();
  for (let index = 0; index < 4; index += 1) attacker(started).call(inferPath, 100);
  await until(() => count(statuses(started, inferPath), 'RESOURCE_EXHAUSTED') >= 340, 'the oldest have ended');
  expect(await inFlight(started)).toBeLessThanOrEqual(50 + 2);
  await good.served();
  for (let index = 1; index <= 4; index += 1) {
    attacker(started, 0).call(livePath, 30, empty);
    await until(() => count(statuses(started, livePath), 'OK') === 30 * index, 'all have a response');
  }
  await good.served();
  await good.stop();
});

test('requests that do not end take a part of the memory, and small ones are always served', async () => {
  const started = await start({ environment: { MAX_IN_FLIGHT_BYTES: '1000000' } });
  const good = goodClient(started);
  await good.served();
  const session = connectHttp2(`http://${started.address}`).on('error', () => undefined);
  undo.push(() => {
    session.destroy();
  });
  // The prefix says 90,000 bytes.
  const most = frameMessage(Buffer.alloc(90_000)).subarray(0, 80_000);
  for (let index = 0; index < 30; index += 1)
    session
      .request({ ':method': 'POST', ':path': inferPath, 'content-type': 'application/grpc' }, { endStream: false })
      .on('error', () => undefined)
      .write(most);
  await until(() => count(statuses(started, inferPath), 'RESOURCE_EXHAUSTED') >= 30 - 9, 'most are refused');
  await good.served();
  await good.stop();
});

test('streams that wait for their clients make room for others', async () => {
  const started = await start({ limits: { calls: 50 } });
  const good = goodClient(started);
  await good.served();
  for (let index = 0; index < 4; index += 1) attacker(started).call(streamPath, 100);
  await until(() => count(statuses(started, streamPath), 'RESOURCE_EXHAUSTED') >= 340, 'the oldest have ended');
  await good.served();
  await good.stop();
});

test('thousands of requests in one stream, each of which takes no time, let others get in between', async () => {
  const started = await start();
  const good = goodClient(started);
  await good.served();
  const { path } = protos.inference['ModelStreamInfer']!;
  const same = (bytes: Buffer): Buffer => bytes;
  const stream = started.client().client.makeBidiStreamRequest<Buffer, Buffer>(path, same, same, {});
  let [responses, code] = [0, -1];
  stream
    .on('data', () => (responses += 1))
    .on('error', () => undefined)
    .on('status', (end) => (code = end.code));
  for (let index = 0; index < 5000; index += 1) stream.write(Buffer.of());
  stream.end();
  await until(() => code >= 0, 'the stream ends');
  expect([code, responses]).toEqual([0, 5000]);
  await good.served();
  await good.stop();
});

test('a stream whose client does not read has a few requests in progress, and ends after some time', async () => {
  const started = await start({ limits: { sendSeconds: 0.5 } });
  const good = goodClient(started);
  const client = attacker(started, 100);
  client.call(streamPath);
  // 60,000 bytes, so that the client need not wait for the service to read them.
  for (let part = 0; part < 4; part += 1) client.send(Buffer.concat(new Array<Buffer>(3000).fill(empty)));
  await until(() => count(statuses(started, streamPath), 'DEADLINE_EXCEEDED') === 1, 'the stream ends');
  // The first response fits, and the sixteen after it wait.
  expect(statuses(started, streamPath).length).toBeLessThanOrEqual(1 + 16 + 2);
  await good.served();
  await good.stop();
});

test('a response that is not read is dropped after some time', async () => {
  const started = await start({ limits: { sendSeconds: 0.5 } });
  const good = goodClient(started);
  const client = attacker(started, 0);
  let reset = '';
  client.socket.on('data', (chunk: Buffer) => (reset += chunk.toString('latin1')));
  client.call(livePath, 1, empty);
  // A frame RST_STREAM with four bytes for stream 1: CANCEL.
  await until(() => reset.includes('\0\0\x04\x03\0\0\0\0\x01\0\0\0\x08'), 'the stream is reset');
  await good.served();
  await good.stop();
});

test('reflection, which answers ten bytes with kilobytes, has few calls with few requests', async () => {
  const started = await start();
  const good = goodClient(started);
  const client = attacker(started, 0);
  client.call(reflection, 100);
  await until(() => count(statuses(started, reflection), 'RESOURCE_EXHAUSTED') === 68, 'some are refused');
  client.destroy();
  await until(() => count(statuses(started, reflection), 'CANCELLED') === 32, 'the others have ended');
  attacker(started, 0).call(reflection, 1, Buffer.concat(Array.from({ length: 129 }, () => empty)));
  await until(() => count(statuses(started, reflection), 'RESOURCE_EXHAUSTED') === 69, 'it is refused');
  await good.served();
  await good.stop();
});

test('a request that is not one of gRPC is logged and counted', async () => {
  const started = await start();
  const client = attacker(started);
  client.call('/a', 1, empty, { method: 'GET' });
  client.call('/b', 1, empty, { type: 'text/html' });
  await until(() => started.logs.filter(({ msg }) => msg === 'request').length === 2, 'both are logged');
  expect(started.logs.filter(({ msg }) => msg === 'request')).toMatchObject([
    { method: 'gRPC', path: '/a', status: 405 },
    { method: 'gRPC', path: '/b', status: 415 },
  ]);
  const { text } = await started.metrics.scrape();
  for (const code of ['405', '415'])
    expect(text).toContain(`rhizome_requests_total{protocol="grpc",route="none",model="",code="${code}"} 1`);
  expect(await inFlight(started)).toBe(0);
});
