import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import {
  createClient,
  ServiceProblem,
  TimedOut,
  UnexpectedResponse,
  Unreachable,
  type ClientOptions,
  type ProblemCode,
} from './index.ts';

let server: Server;
let requests: IncomingMessage[];
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** Starts a server that sends one response after the other, and then always the last one. */
async function serve(...responses: readonly RequestListener[]) {
  requests = [];
  server = createServer((request, response) => {
    requests.push(request);
    responses[Math.min(requests.length, responses.length) - 1]!(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return (options: Partial<ClientOptions> = {}) => createClient({ url, timeout: 20_000, ...options });
}

const prediction = { prediction: 'setosa', model: { name: 'iris', version: '1' } };
const ok: RequestListener = (_, response) => response.end(JSON.stringify(prediction));
const unavailable =
  (headers: Record<string, string>): RequestListener =>
  (_, response) =>
    response
      .writeHead(503, { 'Content-Type': 'application/problem+json', ...headers })
      .end('{"type":"urn:problem-type:rhizome:model-not-ready","title":"Not ready","status":503,"detail":"Loading."}');
const broken: RequestListener = (request) => {
  request.socket.destroy();
};
const silent: RequestListener = () => undefined;

const failure = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => {
      throw new Error('The call succeeded.');
    },
    (error: unknown) => error,
  );

test.each<[string, RequestListener]>([
  ['503 with Retry-After in seconds', unavailable({ 'Retry-After': '0' })],
  ['503 with Retry-After as a date', unavailable({ 'Retry-After': new Date(0).toUTCString() })],
  ['connection that breaks', broken],
  [
    'connection that breaks within the response',
    (_, response) => response.writeHead(200, { 'Content-Length': '1000' }).write('{', () => response.destroy()),
  ],
])('a %s is retried', async (_, first) => {
  const client = await serve(first, first, ok);
  expect(await client().predict({ a: 1 })).toEqual(prediction);
  expect(requests).toHaveLength(3);
});

test('after `retries` retries the call rejects with the last error', async () => {
  const client = await serve(unavailable({ 'Retry-After': '0', 'X-Request-Id': 'r1' }));
  expect(await failure(client({ retries: 2 }).predict({ a: 1 }))).toMatchObject({
    name: 'ServiceProblem',
    status: 503,
    code: 'model-not-ready',
    detail: 'Loading.',
    requestId: 'r1',
    retryAfter: 0,
  });
  expect(requests).toHaveLength(3);
});

test.each([0, 1])('with retries: %d, of a call rather than of its client', async (retries) => {
  const client = await serve(broken);
  expect(await failure(client().live({ retries }))).toBeInstanceOf(Unreachable);
  expect(requests).toHaveLength(1 + retries);
});

test('with infinite retries, the timeout ends them', async () => {
  const client = await serve(broken, broken, broken, broken, broken, ok);
  expect(await client({ retries: Infinity }).predict({ a: 1 })).toEqual(prediction);
  server.close();
  server.closeAllConnections();
  const error = await failure(client({ retries: Infinity, timeout: 500 }).live());
  expect(error).toBeInstanceOf(Unreachable);
});

test("the service's timeout is not retried, even with Retry-After", async () => {
  const client = await serve((_, response) =>
    response
      .writeHead(504, { 'Retry-After': '0' })
      .end('{"type":"urn:problem-type:rhizome:timeout","title":"Timeout","status":504,"detail":"Over 10 s."}'),
  );
  expect(await failure(client().predict({ a: 1 }))).toMatchObject({ status: 504, code: 'timeout' });
  expect(requests).toHaveLength(1);
});

test('a wait that is longer than the time left is not begun', async () => {
  const client = await serve(unavailable({ 'Retry-After': '3600' }));
  expect(await failure(client().predict({ a: 1 }))).toBeInstanceOf(ServiceProblem);
  expect(requests).toHaveLength(1);
});

test('a Retry-After longer than any timer does not flood the service', async () => {
  const client = await serve(unavailable({ 'Retry-After': String(30 * 24 * 3600) }));
  const reason = new Error('Enough.');
  const stop = new AbortController();
  const timer = setTimeout(() => {
    stop.abort(reason);
  }, 500);
  const endless = client({ retries: Infinity, timeout: Infinity, signal: stop.signal });
  expect(await failure(endless.predict({ a: 1 }))).toBe(reason);
  clearTimeout(timer);
  expect(requests).toHaveLength(1);
});

test.each([400, 401, 404, 422, 500, 502, 503, 504])('a %d without Retry-After is not retried', async (status) => {
  const client = await serve((_, response) => response.writeHead(status).end('{"title":"No"}'));
  expect(await failure(client().models())).toMatchObject({ name: 'ServiceProblem', status, title: 'No' });
  expect(requests).toHaveLength(1);
});

test('if nothing listens, the error names the URL and the reason', async () => {
  const client = await serve(ok);
  server.close();
  await once(server, 'close');
  const error = await failure(client({ retries: 1 }).live());
  expect(error).toBeInstanceOf(Unreachable);
  expect((error as Error).message).toMatch(/^Cannot reach http:\/\/127\.0\.0\.1:\d+\/livez: .*ECONNREFUSED/);
  expect((error as Error).cause).toBeInstanceOf(TypeError);
});

test('a function is asked for the key before each attempt, within the time of the call', async () => {
  const client = await serve((request, response) => {
    if (requests.length < 2) response.writeHead(503, { 'retry-after': '0' }).end('{}');
    else ok(request, response);
  });
  let calls = 0;
  await client({ apiKey: () => `token-${(calls += 1)}` }).live();
  expect(requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer token-1', 'Bearer token-2']);
  const broken = new Error('The issuer does not respond.');
  expect(await failure(client({ apiKey: () => Promise.reject(broken) }).live())).toBe(broken);
  const never = client({ apiKey: () => new Promise<string>(() => undefined), timeout: 10 });
  expect(await failure(never.live())).toBeInstanceOf(TimedOut);
  expect(requests).toHaveLength(2);
});

test('a call that exceeds its timeout rejects, and is not retried', async () => {
  const client = await serve(silent);
  expect(await failure(client({ timeout: 50 }).live())).toBeInstanceOf(TimedOut);
  expect(await failure(client().live({ timeout: 50 }))).toMatchObject({
    message: expect.stringContaining('/livez within 50 ms'),
  });
  expect(requests).toHaveLength(2);
});

describe('X-Request-Timeout-Ms', () => {
  const sent = (): readonly number[] => requests.map(({ headers }) => Number(headers['x-request-timeout-ms']));

  test('is the time that the call has left, less in each attempt', async () => {
    const client = await serve(unavailable({ 'Retry-After': '0' }), unavailable({ 'Retry-After': '0' }), ok);
    await client().predict({ a: 1 }, { timeout: 10_000 });
    expect(sent()).toHaveLength(3);
    expect(sent().every((milliseconds) => Number.isInteger(milliseconds) && milliseconds >= 1)).toBe(true);
    expect(sent()[0]).toBeLessThanOrEqual(10_000);
    expect(sent().toSorted((a, b) => b - a)).toEqual(sent());
    await client()
      .infer('iris', { inputs: [{ name: 'X', shape: [1, 4], data: new Float32Array(4) }] })
      .catch(() => 0);
    expect(sent()[3]).toBeLessThanOrEqual(20_000);
    expect(sent()[3]).toBeGreaterThan(10_000);
  });

  test.each([Infinity, 1e21])('is absent if the timeout is %d', async (timeout) => {
    const client = await serve(ok);
    await client({ timeout }).predict({ a: 1 });
    expect(requests[0]!.headers).not.toHaveProperty('x-request-timeout-ms');
  });

  test('is at least 1', async () => {
    await serve(ok);
    let headers: RequestInit['headers'];
    const fetch = (_: unknown, init?: RequestInit): Promise<Response> => {
      ({ headers } = init ?? {});
      return Promise.resolve(Response.json({}));
    };
    await createClient({ url: 'http://x', timeout: 0.2, fetch }).live();
    expect(new Headers(headers).get('x-request-timeout-ms')).toBe('1');
  });
});

test('an overloaded service is asked again after Retry-After, within the timeout; the code is typed', async () => {
  const overloaded: RequestListener = (_, response) =>
    response
      .writeHead(503, { 'Content-Type': 'application/problem+json', 'Retry-After': '1' })
      .end('{"type":"urn:problem-type:rhizome:overloaded","title":"Overloaded","status":503,"detail":"Full."}');
  const client = await serve(overloaded, ok);
  const started = performance.now();
  expect(await client().predict({ a: 1 })).toEqual(prediction);
  expect(performance.now() - started).toBeGreaterThanOrEqual(990);
  expect(requests).toHaveLength(2);

  const refusing = await serve(overloaded);
  const error = await failure(refusing({ timeout: 900 }).predict({ a: 1 }));
  if (!(error instanceof ServiceProblem)) throw error;
  const code: ProblemCode = 'overloaded';
  expect(error.code === code && error.retryAfter).toBe(1000);
  expect(requests).toHaveLength(1);
});

test('an infinite timeout is none', async () => {
  const client = await serve((request, response) => {
    setTimeout(() => {
      ok(request, response);
    }, 50);
  });
  expect(await client({ timeout: Infinity }).predict({ a: 1 })).toEqual(prediction);
});

test('the timeout covers the whole response', async () => {
  const client = await serve((_, response) => {
    response.write('{');
  });
  expect(await failure(client({ timeout: 100 }).live())).toBeInstanceOf(TimedOut);
});

test('a timeout has the error of the attempt before as its cause', async () => {
  const client = await serve(unavailable({ 'Retry-After': '0' }), silent);
  expect(await failure(client({ timeout: 300 }).live())).toMatchObject({
    name: 'TimedOut',
    cause: { name: 'ServiceProblem', status: 503 },
  });
});

describe('an aborted signal rejects with its own reason', () => {
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

  test('during the wait before a retry', async () => {
    const controller = new AbortController();
    const client = await serve(ok);
    let attempts = 0;
    const full = (): Promise<Response> => {
      attempts++;
      // Long after the response was read, which takes no I/O.
      setTimeout(() => {
        controller.abort(reason);
      }, 50);
      return Promise.resolve(new Response(null, { status: 503, headers: { 'Retry-After': '10' } }));
    };
    expect(await failure(client({ fetch: full }).live({ signal: controller.signal }))).toBe(reason);
    expect(attempts).toBe(1);
  });

  test('in every call of the client', async () => {
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

test('a response of something other than the service is quoted', async () => {
  const html: RequestListener = (_, response) => response.end('<html>Welcome</html>');
  const client = await serve(html);
  expect(await failure(client().live())).toMatchObject({
    name: 'UnexpectedResponse',
    message: expect.stringContaining('"<html>Welcome</html>"'),
  });
});

test("JSON that is not a prediction, and a proxy's error page", async () => {
  const client = await serve(
    (_, response) => response.end('1'),
    (_, response) => response.writeHead(413).end('<html>Too large</html>'),
  );
  expect(await failure(client().predict({ a: 1 }))).toBeInstanceOf(UnexpectedResponse);
  expect(await failure(client().predict({ a: 1 }))).toMatchObject({
    name: 'ServiceProblem',
    status: 413,
    code: undefined,
    detail: '"<html>Too large</html>"',
  });
});

test('not ready is a result, and is not retried', async () => {
  const health = { status: 'not ready', checks: [{ name: 'model/iris', ok: false, detail: 'The model is loading.' }] };
  const client = await serve((_, response) => response.writeHead(503).end(JSON.stringify(health)));
  expect([await client().ready(), await client().modelReady('iris')]).toEqual([health, false]);
  expect(requests).toHaveLength(2);
});

test('without probes at this port, the status of the Open Inference Protocol counts', async () => {
  const missing: RequestListener = (_, response) => response.writeHead(404).end('{"title":"No"}');
  const client = await serve(missing, (_, response) => response.writeHead(503).end('{"ready":false,"live":true}'));
  expect(await client().ready()).toEqual({ status: 'not ready', checks: [] });
  expect(requests.map(({ url }) => url)).toEqual(['/readyz', '/v2/health/ready']);

  const neither = await serve(missing);
  expect(await failure(neither().live())).toMatchObject({ name: 'ServiceProblem', status: 404 });
});

test('the path of the URL, the API key, and names that need to be escaped', async () => {
  const client = await serve(ok);
  const { url } = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/below/it/` };
  await client({ url, apiKey: 'k1' }).predict('a b/c', { x: 1n }, { version: '2' });
  expect(requests[0]).toMatchObject({
    method: 'POST',
    url: '/below/it/models/a%20b%2Fc/versions/2/predictions',
    headers: { authorization: 'Bearer k1', 'content-type': 'application/json' },
  });
  expect(() => client({ url: 'localhost' })).toThrow('"localhost" is not a valid URL');
});

test('a response is compressed only if the client is told to ask for it', async () => {
  const client = await serve(({ headers }, response) => {
    if (headers['accept-encoding']?.includes('gzip') !== true) response.end(JSON.stringify(prediction));
    else response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(gzipSync(JSON.stringify(prediction)));
  });
  for (const compressed of [false, true]) expect(await client({ compressed }).predict({})).toEqual(prediction);
  expect(requests.map(({ headers }) => headers['accept-encoding']?.split(', ')[0])).toEqual(['identity', 'gzip']);
});

test('fetch can be replaced', async () => {
  const client = await serve(ok);
  const fetched: unknown[] = [];
  const own = client({
    fetch: (input) => {
      fetched.push(input);
      return Promise.resolve(Response.json({ status: 'live' }));
    },
  });
  expect(await own.live()).toEqual({ status: 'live' });
  expect(fetched).toEqual([expect.stringMatching(/\/livez$/)]);
  expect(requests).toHaveLength(0);
});

test('NaN and infinities become numbers again, and class names stay', async () => {
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

describe('request', () => {
  test('returns the JSON unchanged, with exact integers', async () => {
    const client = await serve((_, response) =>
      response.end('[{"prediction":"NaN","outputs":{"id":9007199254740993}}]'),
    );
    expect(await client().request('/models?x=1')).toEqual([{ prediction: 'NaN', outputs: { id: 9007199254740993n } }]);
    expect(requests[0]).toMatchObject({ method: 'GET', url: '/models?x=1' });
  });

  test('sends a body as it is', async () => {
    let body = '';
    const client = await serve((request, response) => {
      request
        .on('data', (chunk: Buffer) => {
          body += chunk.toString();
        })
        .on('end', () => response.end('1'));
    });
    expect(await client().request('/predictions', { body: '{"a": 9007199254740993, }' })).toBe(1);
    expect(body).toBe('{"a": 9007199254740993, }');
    expect(requests[0]).toMatchObject({ method: 'POST', headers: { 'content-type': 'application/json' } });
  });
});

test('values in errors are exact, too', async () => {
  const client = await serve((_, response) =>
    response
      .writeHead(422)
      .end('{"title":"Invalid input","errors":[{"pointer":"#/a","detail":"Too large","value":9007199254740993}]}'),
  );
  expect(await failure(client().predict({ a: 1 }))).toMatchObject({ errors: [{ value: 9007199254740993n }] });
});

test('an error can be written as JSON, with exact values as texts', async () => {
  const errors = [
    { pointer: '#/a', detail: 'Too large.', value: 9007199254740993 },
    { pointer: '#/b', detail: 'Too small.', value: -1.5 },
    { pointer: '#/c', detail: 'Missing.' },
  ];
  const client = await serve((_, response) =>
    response
      .writeHead(422, { 'X-Request-Id': 'r1' })
      .end(JSON.stringify({ title: 'Invalid input', errors }).replace('9007199254740992', '9007199254740993')),
  );
  expect(JSON.parse(JSON.stringify(await failure(client().predict({ a: 1 }))))).toEqual({
    name: 'ServiceProblem',
    status: 422,
    title: 'Invalid input',
    detail: '',
    errors: [{ ...errors[0], value: '9007199254740993' }, errors[1], errors[2]],
    requestId: 'r1',
  });
});

test('the message says for each field what was expected', async () => {
  const client = await serve((_, response) =>
    response
      .writeHead(422)
      .end(
        '{"title":"Invalid input","detail":"2 fields are invalid.","errors":[' +
          '{"pointer":"#/a","detail":"Got a string.","expected":"a number (float32)"},' +
          '{"pointer":"#/b","detail":"Unknown field."}]}',
      ),
  );
  expect(await failure(client().predict({ a: 1 }))).toMatchObject({
    message:
      '422 Invalid input: 2 fields are invalid.\n' +
      '  #/a Got a string. Expected a number (float32).\n  #/b Unknown field.',
  });
});
