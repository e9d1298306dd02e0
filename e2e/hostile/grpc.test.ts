/** What clients of the gRPC port can do that costs a good client its answer, and does not. */
import { once } from 'node:events';
import { connect, constants, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import { ports } from '../../service/contract/index.ts';
import { frameMessage } from '../../service/grpc/http2/messages.ts';
import { openMany } from './sockets.ts';
import { attacks, peakMebibytes } from './target.ts';

const { attackTest } = attacks();
/** Of one connection. */
const MOST_STREAMS = 128;

/** A session that ignores how many streams the server allows. */
async function session(host: string): Promise<ClientHttp2Session> {
  const connected = connect(`http://${host}:${ports.grpc.number}`, { peerMaxConcurrentStreams: 1_000_000 });
  connected.on('error', () => undefined);
  await once(connected, 'connect');
  return connected;
}

function call(client: ClientHttp2Session, path: string, message: Uint8Array, end = true): ClientHttp2Stream {
  const stream = client.request({
    [constants.HTTP2_HEADER_METHOD]: 'POST',
    [constants.HTTP2_HEADER_PATH]: path,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  stream.on('error', () => undefined).resume();
  if (end) stream.end(frameMessage(message));
  else stream.write(frameMessage(message));
  return stream;
}

attackTest('30,000 watches of the health on one connection', async (target) => {
  const client = await session(target.host);
  let watching = 0;
  for (let count = 0; count < 30_000 && !client.destroyed; count++) {
    const stream = call(client, '/grpc.health.v1.Health/Watch', Buffer.alloc(0));
    stream.on('response', (headers) => {
      if (headers['grpc-status'] === undefined) watching++;
    });
    if (count % 500 === 0) await new Promise(setImmediate);
  }
  // The server has ended the session, or refused most of the watches.
  client.destroy();
  expect(watching).toBeLessThanOrEqual(MOST_STREAMS);
  expect(await peakMebibytes(target)).toBeLessThan(450);
});

attackTest('20 connections with as many watches as they get', async ({ host }, good) => {
  const clients = await Promise.all(Array.from({ length: 20 }, () => session(host)));
  for (const client of clients)
    for (let count = 0; count < 100; count++) call(client, '/grpc.health.v1.Health/Watch', Buffer.alloc(0));
  await good.answeredAgain();
  for (const client of clients) client.destroy();
});

attackTest('2,000 connections that send nothing', async ({ host }, good) => {
  const sockets = await openMany(2000, host, ports.grpc.number);
  await good.answeredAgain();
  for (const socket of sockets) socket.destroy();
});

attackTest('calls that are never completed', async ({ host }, good) => {
  const clients = await Promise.all(Array.from({ length: 20 }, () => session(host)));
  for (const client of clients)
    for (let count = 0; count < 100; count++)
      call(client, '/inference.GRPCInferenceService/ModelInfer', Buffer.alloc(900_000), false);
  await good.answeredAgain();
  for (const client of clients) client.destroy();
});

attackTest('10,000 streams that are reset at once', async ({ host }) => {
  const client = await session(host);
  for (let count = 0; count < 10_000 && !client.destroyed; count++) {
    call(client, '/inference.GRPCInferenceService/ModelInfer', Buffer.alloc(10), false).close(constants.NGHTTP2_CANCEL);
    if (count % 100 === 0) await new Promise(setImmediate);
  }
  client.destroy();
});
