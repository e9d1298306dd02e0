import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createClient, ServiceProblem, TimedOut, UnexpectedAnswer, Unreachable, type ClientOptions } from './index.ts';

let server: Server;
let requests: IncomingMessage[];
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** A server that gives one answer after the other, and the last one for good. */
async function serve(...answers: readonly RequestListener[]) {
  requests = [];
  server = createServer((request, response) => {
    requests.push(request);
    answers[Math.min(requests.length, answers.length) - 1]!(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return (options: Partial<ClientOptions> = {}) => createClient({ url, timeout: 20_000, ...options });
}

const answered = { prediction: 'setosa', model: { name: 'iris', version: '1' } };
const ok: RequestListener = (_, response) => response.end(JSON.stringify(answered));
const busy =
  (headers: Record<string, string> = {}): RequestListener =>
  (_, response) =>
    response
      .writeHead(503, { 'Content-Type': 'application/problem+json', ...headers })
      .end(
        '{"type":"urn:problem-type:rhizome:model-not-ready","title":"Model not ready","status":503,"detail":"Busy."}',
      );
const broken: RequestListener = (request) => {
  request.socket.destroy();
};
const silent: RequestListener = () => undefined;

const failure = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => {
      throw new Error('It was answered.');
    },
    (error: unknown) => error,
  );

test.each<[string, RequestListener]>([
  ['503 that says when', busy({ 'Retry-After': '0' })],
  ['503 that gives a date', busy({ 'Retry-After': new Date(0).toUTCString() })],
  ['503 that says nothing', busy()],
  ['connection that breaks', broken],
  [
    'answer that breaks off',
    (_, response) => response.writeHead(200, { 'Content-Length': '1000' }).write('{', () => response.destroy()),
  ],
])('after a %s the call is tried again', async (_, first) => {
  const client = await serve(first, first, ok);
  expect(await client().predict({ a: 1 })).toEqual(answered);
  expect(requests).toHaveLength(3);
});

test('it is tried no more often than `retries` says, and the last error is the one', async () => {
  const client = await serve(busy({ 'Retry-After': '0', 'X-Request-Id': 'r1' }));
  expect(await failure(client({ retries: 2 }).predict({ a: 1 }))).toMatchObject({
    name: 'ServiceProblem',
    status: 503,
    code: 'model-not-ready',
    detail: 'Busy.',
    requestId: 'r1',
  });
  expect(requests).toHaveLength(3);
});

test('a wait that the time would not last for is no wait', async () => {
  const client = await serve(busy({ 'Retry-After': '3600' }));
  expect(await failure(client().predict({ a: 1 }))).toBeInstanceOf(ServiceProblem);
  expect(requests).toHaveLength(1);
});

test.each([400, 401, 404, 422, 500, 502, 504])('a %d is not tried again', async (status) => {
  const client = await serve((_, response) => response.writeHead(status).end('{"title":"No"}'));
  expect(await failure(client().models())).toMatchObject({ name: 'ServiceProblem', status, title: 'No' });
  expect(requests).toHaveLength(1);
});

test('where nothing listens the error names the URL and why', async () => {
  const client = await serve(ok);
  server.close();
  await once(server, 'close');
  const error = await failure(client({ retries: 1 }).live());
  expect(error).toBeInstanceOf(Unreachable);
  expect((error as Error).message).toMatch(/^No answer from http:\/\/127\.0\.0\.1:\d+\/livez: .*ECONNREFUSED/);
  expect((error as Error).cause).toBeInstanceOf(TypeError);
});

test('a call that takes longer than its timeout', async () => {
  const client = await serve(silent);
  expect(await failure(client({ timeout: 50 }).live())).toBeInstanceOf(TimedOut);
  expect(await failure(client().live({ timeout: 50 }))).toMatchObject({
    message: expect.stringContaining('/livez within 50 ms'),
  });
  expect(requests).toHaveLength(2);
});

test('an answer of which only the beginning came in time', async () => {
  const client = await serve((_, response) => {
    response.write('{');
  });
  expect(await failure(client({ timeout: 100 }).live())).toBeInstanceOf(TimedOut);
});

test('a time-out says what the attempt before it failed with', async () => {
  const client = await serve(busy({ 'Retry-After': '0' }), silent);
  expect(await failure(client({ timeout: 300 }).live())).toMatchObject({
    name: 'TimedOut',
    cause: { name: 'ServiceProblem', status: 503 },
  });
});

describe('a signal that aborts, with its own reason', () => {
  const reason = new Error('The user left.');

  test('before the call', async () => {
    const client = await serve(ok);
    expect(await failure(client().live({ signal: AbortSignal.abort(reason) }))).toBe(reason);
    expect(requests).toHaveLength(0);
  });

  test('during the request', async () => {
    const controller = new AbortController();
    const client = await serve(() => {
      controller.abort(reason);
    });
    expect(await failure(client().live({ signal: controller.signal }))).toBe(reason);
  });

  test('while it waits to try again', async () => {
    const controller = new AbortController();
    const client = await serve(ok);
    let attempts = 0;
    const full = (): Promise<Response> => {
      attempts++;
      // Long after the answer was read, which takes no I/O.
      setTimeout(() => {
        controller.abort(reason);
      }, 50);
      return Promise.resolve(new Response(null, { status: 503, headers: { 'Retry-After': '10' } }));
    };
    expect(await failure(client({ fetch: full }).live({ signal: controller.signal }))).toBe(reason);
    expect(attempts).toBe(1);
  });

  test('every call of the client', async () => {
    const controller = new AbortController();
    const client = await serve(() => {
      if (requests.length === 2) controller.abort(reason);
    });
    const own = client({ signal: controller.signal });
    expect(
      await Promise.all([failure(own.live()), failure(own.live({ signal: new AbortController().signal }))]),
    ).toEqual([reason, reason]);
  });
});

test('what does not answer as the service does is named', async () => {
  const html: RequestListener = (_, response) => response.end('<html>Welcome</html>');
  const client = await serve(html);
  expect(await failure(client().live())).toMatchObject({
    name: 'UnexpectedAnswer',
    message: expect.stringContaining('"<html>Welcome</html>"'),
  });
});

test('JSON that is no prediction, and a page of a proxy', async () => {
  const client = await serve(
    (_, response) => response.end('1'),
    (_, response) => response.writeHead(413).end('<html>Too large</html>'),
  );
  expect(await failure(client().predict({ a: 1 }))).toBeInstanceOf(UnexpectedAnswer);
  expect(await failure(client().predict({ a: 1 }))).toMatchObject({
    name: 'ServiceProblem',
    status: 413,
    code: undefined,
    detail: '"<html>Too large</html>"',
  });
});

test('not ready is an answer, and is not asked for again', async () => {
  const health = { status: 'not ready', checks: [{ name: 'model/iris', ok: false, detail: 'The model is loading.' }] };
  const client = await serve((_, response) => response.writeHead(503).end(JSON.stringify(health)));
  expect([await client().ready(), await client().modelReady('iris')]).toEqual([health, false]);
  expect(requests).toHaveLength(2);
});

test('the path of the URL, the key, and names that need to be escaped', async () => {
  const client = await serve(ok);
  const { url } = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/below/it/` };
  await client({ url, apiKey: 'k1' }).predict('a b/c', { x: 1n }, { version: '2' });
  expect(requests[0]).toMatchObject({
    method: 'POST',
    url: '/below/it/models/a%20b%2Fc/versions/2/predictions',
    headers: { authorization: 'Bearer k1', 'content-type': 'application/json' },
  });
  expect(() => client({ url: 'localhost' })).toThrow('"localhost" is no URL');
});

test('another fetch', async () => {
  const client = await serve(ok);
  const asked: unknown[] = [];
  const own = client({
    fetch: (input) => {
      asked.push(input);
      return Promise.resolve(Response.json({ status: 'live' }));
    },
  });
  expect(await own.live()).toEqual({ status: 'live' });
  expect(asked).toEqual([expect.stringMatching(/\/livez$/)]);
  expect(requests).toHaveLength(0);
});

test('numbers that JSON lacks are numbers again, and the names of classes stay', async () => {
  const client = await serve((_, response) =>
    response.end(
      JSON.stringify([
        { prediction: 'NaN', probabilities: { NaN: 'NaN', Infinity: 0.5 } },
        { prediction: '-Infinity' },
        { prediction: -1, score: 'Infinity' },
        { outputs: { text: 'NaN' } },
      ]),
    ),
  );
  expect(await client().predict([{ a: 1 }])).toEqual([
    { prediction: 'NaN', probabilities: { NaN, Infinity: 0.5 } },
    { prediction: -Infinity },
    { prediction: -1, score: Infinity },
    { outputs: { text: 'NaN' } },
  ]);
});
