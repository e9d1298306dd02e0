/** What other clients may send, and what they receive: frames and headers of HTTP/2, without a library for gRPC. */
import { once } from 'node:events';
import {
  connect as connectHttp2,
  constants,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
} from 'node:http2';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { deflateSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib';
import { encodeRequest } from './fixtures/codec.ts';
import { start, stopAll, type Started } from './fixtures/server.ts';
import { frameMessage, MessageReader, PREFIX_BYTES } from './http2/messages.ts';

const sessions: ClientHttp2Session[] = [];
afterEach(async () => {
  for (const session of sessions.splice(0)) session.destroy();
  await stopAll();
});

const infer = '/inference.GRPCInferenceService/ModelInfer';
const streamInfer = '/inference.GRPCInferenceService/ModelStreamInfer';
const request = encodeRequest({
  model_name: 'iris',
  inputs: [{ name: 'X', datatype: 'FP32', shape: ['1', '4'], contents: { fp32_contents: [5.1, 3.5, 1.4, 0.2] } }],
});
/** Puts the prefix of a compressed message in front of it. */
const compressed = (bytes: Buffer): Buffer => {
  const frame = frameMessage(bytes);
  frame[0] = 1;
  return frame;
};

function session({ address }: Started): ClientHttp2Session {
  const client = connectHttp2(`http://${address}`).on('error', () => undefined);
  sessions.push(client);
  return client;
}

const open = (client: ClientHttp2Session, headers: object = {}): ClientHttp2Stream =>
  client.request(
    { ':method': 'POST', ':path': infer, 'content-type': 'application/grpc', te: 'trailers', ...headers },
    { endStream: false },
  );

interface Response {
  readonly headers: IncomingHttpHeaders;
  readonly trailers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** The code of RST_STREAM. */
  readonly reset: number | undefined;
}

async function response(stream: ClientHttp2Stream): Promise<Response> {
  let [headers, trailers]: [IncomingHttpHeaders, IncomingHttpHeaders] = [{}, {}];
  const chunks: Buffer[] = [];
  stream
    .on('response', (received) => {
      headers = received;
    })
    .on('trailers', (received: IncomingHttpHeaders) => {
      trailers = received;
    })
    .on('data', (chunk: Buffer) => chunks.push(chunk))
    .on('error', () => undefined);
  await once(stream, 'close');
  return { headers, trailers, body: Buffer.concat(chunks), reset: stream.rstCode };
}

/** Sends the bytes in one call. */
async function call(started: Started, bytes: Uint8Array, headers: object = {}): Promise<Response> {
  const stream = open(session(started), headers);
  stream.end(bytes);
  return response(stream);
}

const statusOf = ({ headers, trailers }: Response): unknown[] => {
  const { 'grpc-status': status, 'grpc-message': message } = 'grpc-status' in trailers ? trailers : headers;
  return [status, message === undefined ? undefined : decodeURIComponent(String(message))];
};

test('a response has headers, one message and trailers', async () => {
  const { headers, trailers, body } = await call(await start(), frameMessage(request), { 'x-request-id': 'mine' });
  expect(headers).toMatchObject({
    ':status': 200,
    'content-type': 'application/grpc',
    'grpc-accept-encoding': 'identity,gzip,deflate',
    'x-request-id': 'mine',
  });
  expect(Object.entries(trailers)).toEqual([['grpc-status', '0']]);
  expect(body.readUInt32BE(1)).toBe(body.length - PREFIX_BYTES);
});

test('an error is only headers, with the message encoded and the request id', async () => {
  const unknown = frameMessage(encodeRequest({ model_name: 'Ünïcödé 100 %\n' }));
  const result = await call(await start(), unknown, { 'x-request-id': 'mine' });
  expect(result.headers).toMatchObject({ ':status': 200, 'grpc-status': '5', 'x-request-id': 'mine' });
  expect(result.headers['grpc-message']).toMatch(/^[ -~]+$/);
  expect(statusOf(result)[1]).toContain("There is no model 'Ünïcödé 100 %\n'");
  expect(Object.keys(result.trailers)).toEqual([]);
});

test.each(['application/grpc+proto', 'application/grpc;charset=utf-8'])('the content type %s is gRPC', async (type) => {
  expect(statusOf(await call(await start(), frameMessage(request), { 'content-type': type }))).toEqual([
    '0',
    undefined,
  ]);
});

test('what is not gRPC gets a status of HTTP', async () => {
  const started = await start();
  for (const type of ['application/json', 'application/grpc-web', ''])
    expect((await call(started, Buffer.of(), { 'content-type': type })).headers[':status']).toBe(415);
  const { headers } = await call(started, Buffer.of(), { ':method': 'PUT' });
  expect(headers).toMatchObject({ ':status': 405, allow: 'POST' });
  expect(statusOf(await call(started, frameMessage(request)))).toEqual(['0', undefined]);
});

test('a client of HTTP/1.1 does not disturb the others', async () => {
  const started = await start();
  const [host = '', port] = started.address.split(':');
  const socket = connect(Number(port), host).on('error', () => undefined);
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  socket.resume();
  await once(socket, 'close');
  expect(statusOf(await call(started, frameMessage(request)))).toEqual(['0', undefined]);
});

test.each([
  ['no message', Buffer.of(), '12', 'no request message'],
  ['two messages', Buffer.concat([frameMessage(request), frameMessage(request)]), '12', 'more than one'],
  ['half a message', frameMessage(request).subarray(0, -1), '13', 'incomplete'],
  ['half a prefix', Buffer.of(0, 0), '13', 'incomplete'],
  ['what is not protobuf', frameMessage(Buffer.of(0xff)), '3', 'not a valid protobuf message'],
])('%s is refused', async (_, bytes, status, message) => {
  expect(statusOf(await call(await start(), bytes))).toEqual([status, expect.stringContaining(message)]);
});

test.each([
  ['half a message', frameMessage(request).subarray(0, -1), '13', 'incomplete'],
  [
    'a message after which half of one follows',
    Buffer.concat([frameMessage(request), Buffer.of(0)]),
    '13',
    'incomplete',
  ],
  ['a message that is too large', Buffer.of(0, 0x7f, 0xff, 0xff, 0xff), '8', 'MAX_BODY_BYTES'],
])('in a stream of requests, %s is refused', async (_, bytes, status, message) => {
  const result = await call(await start(), bytes, { ':path': streamInfer });
  expect(statusOf(result)).toEqual([status, expect.stringContaining(message)]);
});

test('the responses of a stream are compressed as the requests are, if they are large', async () => {
  const rows = Array.from({ length: 4 * 1000 }, (_, index) => index % 7);
  const inputs = [{ name: 'X', datatype: 'FP32', shape: ['1000', '4'], contents: { fp32_contents: rows } }];
  const large = encodeRequest({ model_name: 'iris', inputs });
  const bytes = Buffer.concat([compressed(gzipSync(large)), frameMessage(request), compressed(gzipSync(large))]);
  const headers = { ':path': streamInfer, 'grpc-encoding': 'gzip', 'grpc-accept-encoding': 'gzip' };
  const result = await call(await start(), bytes, headers);
  expect([statusOf(result), result.headers['grpc-encoding']]).toEqual([['0', undefined], 'gzip']);
  const reader = new MessageReader(100_000);
  reader.push(result.body);
  const messages = Array.from({ length: 3 }, () => reader.next());
  expect(messages.map((each) => each?.compressed)).toEqual([true, false, true]);
  const [first, , third] = messages.map((each) => each?.bytes ?? Buffer.of());
  expect(gunzipSync(first ?? '').equals(gunzipSync(third ?? ''))).toBe(true);
});

test('a request in many small frames is answered', async () => {
  const stream = open(session(await start()));
  for (const byte of frameMessage(request)) stream.write(Buffer.of(byte));
  stream.end();
  expect(statusOf(await response(stream))).toEqual(['0', undefined]);
});

describe('compression', () => {
  test.each([
    ['gzip', gzipSync(request)],
    ['deflate', deflateSync(request)],
  ])('a request with %s is answered', async (encoding, bytes) => {
    const result = await call(await start(), compressed(bytes), { 'grpc-encoding': encoding });
    expect(statusOf(result)).toEqual(['0', undefined]);
    expect(result.body[0]).toBe(0);
  });

  test.each([
    ['gzip', 'identity,deflate,gzip', 'gzip'],
    ['deflate', 'identity, deflate', 'deflate'],
    ['gzip', 'identity,deflate', undefined],
    ['gzip', undefined, undefined],
    [undefined, 'identity,deflate,gzip', undefined],
  ])(
    'a large response to a request with %s that accepts %s is compressed with %s',
    async (sent, accepted, expected) => {
      const rows = Array.from({ length: 4 * 1000 }, (_, index) => index % 7);
      const large = encodeRequest({
        model_name: 'iris',
        inputs: [{ name: 'X', datatype: 'FP32', shape: ['1000', '4'], contents: { fp32_contents: rows } }],
      });
      const started = await start();
      const plain = await call(started, frameMessage(large));
      const result = await call(started, frameMessage(large), {
        ...(sent !== undefined && { 'grpc-encoding': sent }),
        ...(accepted !== undefined && { 'grpc-accept-encoding': accepted }),
      });
      expect([statusOf(result), result.headers['grpc-encoding']]).toEqual([['0', undefined], expected]);
      const message = result.body.subarray(PREFIX_BYTES);
      expect([...result.body.subarray(0, PREFIX_BYTES)]).toEqual([
        Number(expected !== undefined),
        ...frameMessage(message).subarray(1, PREFIX_BYTES),
      ]);
      const decompress = { gzip: gunzipSync, deflate: inflateSync }[String(expected)];
      expect((decompress?.(message) ?? message).equals(plain.body.subarray(PREFIX_BYTES))).toBe(true);
      if (decompress !== undefined) expect(message.length).toBeLessThan(plain.body.length / 2);
    },
  );

  test('a message that is not compressed may follow the header', async () => {
    const result = await call(await start(), frameMessage(request), { 'grpc-encoding': 'gzip' });
    expect(statusOf(result)).toEqual(['0', undefined]);
  });

  test.each([
    ['an unknown encoding', 'snappy', gzipSync(request), '12', "'snappy', expected one of identity,gzip,deflate"],
    ['invalid bytes', 'gzip', request, '13', 'cannot be decompressed'],
    ['a bomb', 'gzip', gzipSync(Buffer.alloc(100_001)), '8', 'larger than 100000 bytes'],
  ])('%s is refused', async (_, encoding, bytes, status, message) => {
    expect(statusOf(await call(await start(), compressed(bytes), { 'grpc-encoding': encoding }))).toEqual([
      status,
      expect.stringContaining(message),
    ]);
  });
});

test('a message that is too large is refused before it arrives, and the client is told to stop', async () => {
  const stream = open(session(await start()));
  stream.write(Buffer.of(0, 0x7f, 0xff, 0xff, 0xff));
  const result = await response(stream);
  expect(statusOf(result)).toEqual(['8', expect.stringContaining('MAX_BODY_BYTES')]);
  expect(result.reset).toBe(constants.NGHTTP2_NO_ERROR);
});

test('a client without the key is refused before it sends its message', async () => {
  const stream = open(session(await start({ apiKey: 'secret' })));
  expect(statusOf(await response(stream))).toEqual(['16', expect.stringContaining('API key')]);
});

test('a client that sends nothing is given up at its deadline', async () => {
  const stream = open(session(await start()), { 'grpc-timeout': '50m' });
  expect(statusOf(await response(stream))).toEqual(['4', expect.stringContaining('deadline')]);
});

test('an invalid deadline is refused', async () => {
  const result = await call(await start(), frameMessage(request), { 'grpc-timeout': 'soon' });
  expect(statusOf(result)).toEqual(['13', "grpc-timeout is 'soon', expected a duration such as 5S."]);
});

test('clients that leave in the middle of anything leave nothing behind', async () => {
  const started = await start();
  const client = session(started);
  const inProgress = async (count: number): Promise<void> => {
    const line = `rhizome_requests_in_flight{protocol="grpc"} ${count}\n`;
    while (!(await started.metrics.scrape()).text.includes(line)) await delay(5);
  };
  for (const bytes of [Buffer.of(), frameMessage(request).subarray(0, 20), frameMessage(request)]) {
    const stream = open(client);
    stream.on('error', () => undefined).write(bytes);
    await inProgress(1);
    stream.close(constants.NGHTTP2_CANCEL);
    await inProgress(0);
  }
  open(client)
    .on('error', () => undefined)
    .write(frameMessage(request));
  await inProgress(1);
  client.destroy();
  await inProgress(0);
  // Node's client first ends the stream, and then resets it, so some calls end before they are cancelled.
  expect(started.logs.filter(({ msg }) => msg === 'request')).toHaveLength(4);
  expect(started.logs.filter(({ msg }) => msg === 'internal error')).toEqual([]);
  expect(statusOf(await call(started, frameMessage(request)))).toEqual(['0', undefined]);
});

test('streams that are reset with their first frames do not disturb the others', async () => {
  const started = await start();
  const client = session(started);
  await once(client, 'connect');
  const kinds = [{}, { ':path': '/a.B/C' }, { ':path': '/grpc.health.v1.Health/Watch' }, { ':method': 'GET' }];
  for (const headers of [...kinds, { 'content-type': 'text/plain' }, { 'grpc-timeout': 'soon' }]) {
    const stream = client.request({
      ':method': 'POST',
      ':path': infer,
      'content-type': 'application/grpc',
      ...headers,
    });
    stream.on('error', () => undefined).close(constants.NGHTTP2_CANCEL);
  }
  // In one packet, which Node's client does not do: HEADERS without a content type, and RST_STREAM.
  const frame = (type: number, flags: number, id: number, ...payload: number[]): Buffer =>
    Buffer.of(0, 0, payload.length, type, flags, 0, 0, 0, id, ...payload);
  const [host = '', port] = started.address.split(':');
  const socket = connect(Number(port), host).on('error', () => undefined);
  const [post, http, root] = [0x83, 0x86, 0x84];
  socket.end(
    Buffer.concat([
      Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
      frame(4, 0, 0),
      frame(1, 4, 1, post, http, root),
      frame(3, 0, 1, 0, 0, 0, constants.NGHTTP2_CANCEL),
    ]),
  );
  await once(socket.resume(), 'close');
  expect(statusOf(await call(started, frameMessage(request)))).toEqual(['0', undefined]);
  const idle = 'rhizome_requests_in_flight{protocol="grpc"} 0';
  while (!(await started.metrics.scrape()).text.includes(idle)) await delay(5);
});

test('a method that does not exist is counted without its name', async () => {
  const started = await start();
  expect(statusOf(await call(started, frameMessage(request), { ':path': '/a.B/C' }))).toEqual([
    '12',
    "There is no method '/a.B/C'.",
  ]);
  const counts = (await started.metrics.scrape()).text;
  expect(counts).toContain('rhizome_requests_total{protocol="grpc",route="none",model="",code="UNIMPLEMENTED"} 1');
});
