/** What hostile clients send while good ones are served. Each request ends by itself, and cleans up behind itself. */
import type { IncomingHttpHeaders } from 'node:http';
import { connect, constants, type ClientHttp2Session } from 'node:http2';
import { setTimeout as delay } from 'node:timers/promises';
import { ports } from '../../../service/contract/index.ts';
import { frameMessage } from '../../../service/grpc/http2/messages.ts';
import { exchange, head, open } from '../sockets.ts';

export interface BadRequest {
  readonly name: string;
  /** How often it is sent, relative to the others. */
  readonly weight: number;
  /** Resolves with the status, or with '' if there was no response or none was waited for. */
  readonly send: (host: string) => Promise<string>;
}

const MEBIBYTE = 2 ** 20;

function post(path: string, body: string): string {
  return head(path, Buffer.byteLength(body), ['Connection: close']) + body;
}

const bodies: readonly (readonly [name: string, weight: number, path: string, body: string])[] = [
  ['text that is not JSON', 10, '/predictions', '{"sepal_length":'],
  ['a row without fields', 10, '/predictions', '{}'],
  ['values of other types', 10, '/predictions', '[{"sepal_length":null,"sepal_width":[],"petal_length":"x"}]'],
  ['a model that does not exist', 5, '/v2/models/none/infer', '{"inputs":[]}'],
  ['a tensor without elements', 5, '/v2/models/iris/infer', tensor([0, 4])],
  ['a tensor that hides its size', 5, '/v2/models/iris/infer', tensor([67_108_864, 0, 16])],
  ['a tensor that lacks data', 5, '/v2/models/iris/infer', tensor([1000, 4])],
  ['a run that crashes', 0.3, '/v2/models/crash/infer', tensor([1, 4], [13, 0, 0, 0])],
  ['a run that does not end', 0.1, '/v2/models/endless/infer', tensor([1, 4], [1e18, 0, 0, 0])],
  ['130,000 rows outside of the ranges', 0.3, '/predictions', columns(130_000)],
  ['330,000 rows that lack everything', 0.3, '/predictions', `[${'{},'.repeat(330_000)}{}]`],
  ['a megabyte of comments that begin', 0.3, '/predictions', '/*'.repeat(500_000)],
  ['a megabyte of brackets', 0.3, '/predictions', '['.repeat(MEBIBYTE)],
];

export const badRequests: readonly BadRequest[] = [
  ...bodies.map(([name, weight, path, body]): BadRequest => {
    const text = Buffer.from(post(path, body));
    return { name, weight, send: async (host) => statusOf(await exchange(host, text, 30)) };
  }),
  {
    name: 'a head that two servers could understand differently',
    weight: 5,
    send: async (host) =>
      statusOf(
        await exchange(
          host,
          'POST /predictions HTTP/1.1\r\nHost: a\r\nHost: b\r\nTransfer-Encoding: gzip, chunked\r\n\r\n',
        ),
      ),
  },
  {
    name: 'a head of 100 KB',
    weight: 2,
    send: async (host) =>
      statusOf(await exchange(host, `GET / HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(100_000)}\r\n\r\n`)),
  },
  { name: 'a connection that sends nothing', weight: 5, send: (host) => hold(host, '', 5000) },
  {
    name: 'a body that does not continue',
    weight: 5,
    send: (host) => hold(host, `${head('/predictions', 1000)}[`, 3000),
  },
  {
    name: 'a large body that does not end',
    weight: 0.5,
    send: (host) => hold(host, head('/predictions', MEBIBYTE) + '['.repeat(MEBIBYTE - 1), 3000),
  },
  {
    name: '32 responses of a megabyte that are not read',
    weight: 0.5,
    send: (host) => hold(host, 'GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: attacked\r\n\r\n'.repeat(32), 3000),
  },
  {
    name: 'a connection that is reset in the middle of a body',
    weight: 10,
    send: async (host) => {
      const socket = await open(host);
      socket.write(`${head('/predictions', 1000)}[`, () => socket.resetAndDestroy());
      return '';
    },
  },
  { name: 'a gRPC message that is not one', weight: 3, send: (host) => call(host, [Buffer.from('\x01\x02\x03')], 1) },
  { name: 'gRPC calls that are reset', weight: 2, send: (host) => call(host, [Buffer.alloc(10)], 20, true) },
  { name: 'gRPC calls with a megabyte of zeros', weight: 0.5, send: (host) => call(host, [Buffer.alloc(900_000)], 3) },
];

function tensor(shape: readonly number[], data: readonly number[] = []): string {
  return JSON.stringify({ inputs: [{ name: 'X', datatype: 'FP32', shape, data }] });
}

function columns(rows: number): string {
  const zeros = `[${'0,'.repeat(rows - 1)}0]`;
  return `{"columns":{"sepal_length":${zeros},"sepal_width":${zeros},"petal_length":${zeros},"petal_width":${zeros}}}`;
}

/** Sends a text, reads nothing for a while, and leaves. */
async function hold(host: string, text: string, milliseconds: number): Promise<string> {
  const socket = await open(host);
  socket.pause();
  if (text !== '') socket.write(text);
  await delay(milliseconds);
  socket.destroy();
  return '';
}

/** Makes calls over a connection of their own. */
async function call(host: string, messages: readonly Uint8Array[], times: number, reset = false): Promise<string> {
  const session: ClientHttp2Session = connect(`http://${host}:${ports.grpc.number}`);
  session.on('error', () => undefined);
  try {
    const statuses = Array.from({ length: times }, async () => {
      const stream = session.request({
        [constants.HTTP2_HEADER_METHOD]: 'POST',
        [constants.HTTP2_HEADER_PATH]: '/inference.GRPCInferenceService/ModelInfer',
        'content-type': 'application/grpc',
        te: 'trailers',
      });
      stream.on('error', () => undefined);
      let status = '';
      const note = (headers: IncomingHttpHeaders): void => {
        const { 'grpc-status': code } = headers;
        if (typeof code === 'string') status = `gRPC ${code}`;
      };
      stream.on('response', note).on('trailers', note);
      for (const message of messages) stream.write(frameMessage(message));
      if (reset) stream.close(constants.NGHTTP2_CANCEL);
      else stream.resume().end();
      await new Promise((resolve) => stream.once('close', resolve));
      return status;
    });
    const given = AbortSignal.timeout(10_000);
    const late = new Promise<string[]>((resolve) => {
      given.addEventListener('abort', () => {
        resolve([]);
      });
    });
    return (await Promise.race([Promise.all(statuses), late]))[0] ?? '';
  } finally {
    session.destroy();
  }
}

function statusOf(response: string): string {
  return /^HTTP\/1\.1 (\d+)/.exec(response)?.[1] ?? '';
}
