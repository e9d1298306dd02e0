import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { startLoad, underLoad, type Load, type LoadOptions } from './load.ts';
import { formatReport, summarize } from './report.ts';

let server: Server;
/** Every connection to the server. */
let connections: Socket[];
let load: Load | undefined;

async function serve(listener: RequestListener): Promise<string> {
  connections = [];
  server = createServer(listener)
    .on('connection', (socket) => {
      connections.push(socket);
    })
    .listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/predictions`;
}
afterEach(async () => {
  await load?.stop();
  load = undefined;
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

const correct: RequestListener = (_, response) => {
  response.end('{"prediction":"setosa"}');
};
const requests: LoadOptions['requests'] = [
  { body: '{}', isCorrect: (answer) => (answer as { prediction?: unknown }).prediction === 'setosa' },
];

/** Resolves once the condition holds. */
async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`waited 20 s for ${what}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
}

/** Loads until some number of requests has succeeded. */
async function untilAnswered(count: number, options: LoadOptions) {
  load = startLoad(options);
  await until(`${count} correct responses`, () => load!.answered() >= count);
  return load.stop();
}

/** Loads until some number of requests has succeeded or failed. */
async function untilSent(count: number, options: LoadOptions) {
  load = startLoad(options);
  await until(`${count} requests`, () => load!.report().sent >= count);
  return load.stop();
}

test('sends each request in turn at the given rate, with its headers, and checks every response', async () => {
  const bodies: string[] = [];
  let authorization: string | undefined;
  const url = await serve((request, response) => {
    authorization = request.headers.authorization;
    request
      .on('data', (chunk: Buffer) => bodies.push(chunk.toString()))
      .on('end', () => response.end('{"prediction":1}'));
  });
  const started = performance.now();
  const report = await untilAnswered(40, {
    url,
    rate: 50,
    connections: 'new',
    headers: { authorization: 'Bearer key' },
    requests: ['a', 'b'].map((body) => ({
      body,
      isCorrect: (answer) => (answer as { prediction: number }).prediction === 1,
    })),
  });
  const seconds = (performance.now() - started) / 1000;
  // A busy machine can only be late, and then sends all requests that are due.
  expect(report.sent).toBeLessThanOrEqual(Math.ceil(seconds * 50) + 1);
  expect(seconds).toBeGreaterThanOrEqual(39 / 50);
  expect(report).toMatchObject({ failures: [], lost: [] });
  expect(bodies.filter((body) => body === 'a').length - bodies.filter((body) => body === 'b').length).toBe(
    bodies.length % 2,
  );
  expect(authorization).toBe('Bearer key');
  expect([report.p50, report.p90, report.p99, report.max].every((time) => time > 0)).toBe(true);
  expect([report.p50, report.p90, report.p99, report.max].toSorted((a, b) => a - b)).toEqual([
    report.p50,
    report.p90,
    report.p99,
    report.max,
  ]);
  expect(report.perSecond.reduce((sum, { sent }) => sum + sent, 0)).toBe(report.sent);
  expect(report.perSecond[0]).toMatchObject({ second: 0, failed: 0 });
});

test('new opens a connection for each request; keep-alive uses all connections of the pool', async () => {
  const url = await serve(correct);
  const fresh = await untilAnswered(20, { url, requests, rate: 50, connections: 'new' });
  expect(connections.length).toBe(fresh.sent);
  expect(fresh.opened).toBe(fresh.sent);

  connections.length = 0;
  const served = new Map<Socket, number>();
  server.on('request', ({ socket }) => served.set(socket, (served.get(socket) ?? 0) + 1));
  const kept = await untilAnswered(40, { url, requests, rate: 50, connections: 'keep-alive', pool: 4 });
  expect(kept.failures).toEqual([]);
  expect(kept.opened).toBe(connections.length);
  // More than the pool's size only if all of them were busy.
  expect(connections.length).toBeGreaterThanOrEqual(4);
  expect(connections.length).toBeLessThan(kept.sent);
  expect([...served.values()].filter((count) => count > 1).length).toBeGreaterThanOrEqual(4);
});

test('a server that stalls does not slow the load down, and the times include how long requests waited', async () => {
  const held: (() => void)[] = [];
  let stalls = true;
  const url = await serve((_, response) => {
    const respond = (): void => {
      response.end('{"prediction":"setosa"}');
    };
    if (stalls) held.push(respond);
    else respond();
  });
  load = startLoad({ url, requests, rate: 50, connections: 'keep-alive', pool: 2 });
  // In a closed loop only two would wait.
  await until('requests that wait', () => held.length >= 30);
  stalls = false;
  for (const respond of held) respond();
  await until('a correct response', () => load!.answered() > 30);
  const report = await load.stop();
  expect(report.failures).toEqual([]);
  // The first of thirty waited until the last was due.
  expect(report.max).toBeGreaterThanOrEqual(580);
  expect(report.longestGapMs).toBeGreaterThanOrEqual(580);
  expect(report.opened).toBeGreaterThanOrEqual(30);
});

test('a response that is not complete in time is a timeout, even if it trickles', async () => {
  const url = await serve((_, response) => {
    response.write('{');
    const drip = setInterval(() => response.write(' '), 5);
    response.on('close', () => {
      clearInterval(drip);
    });
  });
  const report = await untilSent(3, { url, requests, rate: 20, connections: 'keep-alive', timeout: 100 });
  expect(new Set(report.failures.map(({ kind }) => kind))).toEqual(new Set(['timeout']));
  expect(report.failures).toHaveLength(report.sent);
  for (const { sentAt, failedAt } of report.failures) expect(failedAt - sentAt).toBeGreaterThanOrEqual(99);
  expect(report.p50).toBeNaN();
  expect(report.max).toBeNaN();
});

test.each<[string, RequestListener]>([
  [
    'ECONNRESET',
    (request) => {
      request.socket.resetAndDestroy();
    },
  ],
  [
    'ECONNRESET',
    (_, response) => {
      response.writeHead(200, { 'content-length': 100 }).write('{"predict', () => {
        response.destroy();
      });
    },
  ],
  [
    '503',
    (_, response) => {
      response.writeHead(503).end('{"prediction":"setosa"}');
    },
  ],
  [
    '503 model-not-ready',
    (_, response) => {
      response.writeHead(503, { 'retry-after': '1' }).end('{"type":"urn:problem-type:rhizome:model-not-ready"}');
    },
  ],
  [
    '502',
    (_, response) => {
      response.writeHead(502).end('null');
    },
  ],
  [
    'wrong prediction',
    (_, response) => {
      response.end('{"prediction":"virginica"}');
    },
  ],
  [
    'wrong prediction',
    (_, response) => {
      response.end('not JSON');
    },
  ],
])('counts failures of the kind %s', async (kind, listener) => {
  const url = await serve(listener);
  const report = await untilSent(3, { url, requests, rate: 50, connections: 'keep-alive' });
  expect(new Set(report.failures.map((failure) => failure.kind))).toEqual(new Set([kind]));
  expect(report.failures).toHaveLength(report.sent);
  expect(report.perSecond[0]!.failed).toBeGreaterThanOrEqual(3);
  expect(formatReport(report)).toContain(`${report.sent} failed (${kind} ${report.sent}), 0 failed twice`);
});

test('a response is parsed again only if its text has changed, and a wrong one never counts as correct', async () => {
  let served = 0;
  const url = await serve((_, response) => {
    response.end(['{"n":1}', '{"n":1}', '{"n":2}', '{"n":-1}', '{"n":-1}', '{"n":1}'][served++ % 6]);
  });
  const parsed: number[] = [];
  const isCorrect = (answer: unknown): boolean => {
    const { n } = answer as { n: number };
    parsed.push(n);
    return n > 0;
  };
  const report = await untilSent(6, {
    url,
    requests: [{ body: '{}', isCorrect }],
    rate: 50,
    connections: 'keep-alive',
  });
  expect(parsed.slice(0, 5)).toEqual([1, 2, -1, -1, 1]);
  expect(report.failures.slice(0, 2).map(({ kind }) => kind)).toEqual(['wrong prediction', 'wrong prediction']);
});

test('only a 503 of an overloaded service with Retry-After is a refusal', async () => {
  const overloaded = '{"type":"urn:problem-type:rhizome:overloaded"}';
  let served = 0;
  const url = await serve((_, response) => {
    const headers = { 'retry-after': '1' };
    if (served++ % 3 === 0) response.writeHead(503, headers).end(overloaded);
    else if (served % 3 === 2) response.writeHead(503).end(overloaded);
    else response.writeHead(503, headers).end('{}');
  });
  const { failures } = await untilSent(3, { url, requests, rate: 50, connections: 'keep-alive', pool: 1 });
  expect(failures.slice(0, 3).map(({ kind, refused }) => [kind, refused])).toEqual(
    expect.arrayContaining([
      ['503 overloaded', true],
      ['503 overloaded', false],
      ['503', false],
    ]),
  );
});

test('if nothing listens, the kind is ECONNREFUSED, and no connection was used', async () => {
  const url = await serve(correct);
  server.close();
  await once(server, 'close');
  const report = await untilSent(3, { url, requests, rate: 50, connections: 'new' });
  expect(report.failures.map(({ kind, answeredBefore }) => [kind, answeredBefore])).toEqual(
    report.failures.map(() => ['ECONNREFUSED', 0]),
  );
  expect(report.opened).toBe(0);
  server.listen(0);
  await once(server, 'listening');
});

test('a failed request is sent once more, and is lost if it fails again', async () => {
  const seen = new Map<string, number>();
  const url = await serve((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => {
      const time = (seen.get(body) ?? 0) + 1;
      seen.set(body, time);
      if (body === 'dead' || (body === 'ill' && time === 1)) response.writeHead(503).end();
      else response.end('{}');
    });
  });
  const isCorrect = (): boolean => true;
  load = startLoad({
    url,
    rate: 50,
    connections: 'new',
    retryAfter: 10,
    requests: ['well', 'ill', 'dead'].map((body) => ({ body, isCorrect })),
  });
  await until('all three', () => load!.report().sent >= 3);
  const report = await load.stop();
  const dead = Math.floor(report.sent / 3);
  expect(report.failures).toHaveLength(1 + dead);
  expect(report.lost).toHaveLength(dead);
  expect(seen.get('dead')).toBe(2 * dead);
  expect(report.lost[0]!.sentAt - report.failures[1]!.failedAt).toBeGreaterThanOrEqual(9);
});

test('a failure has the number of requests that its connection served before', async () => {
  const served = new WeakMap<Socket, number>();
  const url = await serve((request, response) => {
    const before = served.get(request.socket) ?? 0;
    served.set(request.socket, before + 1);
    if (before === 2) request.socket.resetAndDestroy();
    else correct(request, response);
  });
  load = startLoad({ url, requests, rate: 50, connections: 'keep-alive', pool: 2 });
  await until('failures', () => load!.report().failures.length >= 3);
  const { failures } = await load.stop();
  expect(new Set(failures.map(({ answeredBefore }) => answeredBefore))).toEqual(new Set([2]));
});

test('the longest gap lasts from one correct response to the next, or to the end', async () => {
  let [ill, refused] = [false, 0];
  const url = await serve((request, response) => {
    if (!ill) correct(request, response);
    else {
      refused++;
      response.writeHead(503).end();
    }
  });
  load = startLoad({ url, requests, rate: 50, connections: 'new' });
  await until('a correct response', () => load!.answered() > 0);
  ill = true;
  await until('twenty failures', () => refused >= 20);
  const report = await load.stop();
  // No request succeeded between these two: any that was pending when the failures began ended before the fifth.
  const [fifth, last] = [report.failures[4]!, report.failures.at(-1)!];
  expect(report.longestGapMs).toBeGreaterThanOrEqual(Math.floor(last.failedAt - fifth.failedAt));
  expect(report.longestGapMs).toBeGreaterThan(0);
});

test('responses after the end, such as those of second attempts, make no gap', () => {
  expect(summarize([], [10, 20, 5000], 30).longestGapMs).toBe(10);
});

test('underLoad stops its loads if the work fails, and otherwise reports each', async () => {
  const url = await serve(correct);
  const both = (['new', 'keep-alive'] as const).map((connections) => ({ url, requests, rate: 50, connections }));
  const broken = underLoad(both, () => Promise.reject(new Error('broken')), { before: 10, after: 10 });
  await expect(broken).rejects.toThrow('broken');
  const reports = await underLoad(both, () => Promise.resolve(), { before: 50, after: 50 });
  expect(reports).toHaveLength(2);
  for (const { sent, failures } of reports) {
    expect(sent).toBeGreaterThanOrEqual(5);
    expect(failures).toEqual([]);
  }
});

test('invalid options are rejected at once', async () => {
  const url = await serve(correct);
  const options = { url, requests, rate: 1, connections: 'new' } as const;
  expect(() => startLoad({ ...options, rate: 0 })).toThrow(RangeError);
  expect(() => startLoad({ ...options, rate: NaN })).toThrow(RangeError);
  expect(() => startLoad({ ...options, requests: [] })).toThrow(RangeError);
  expect(() => startLoad({ ...options, url: 'localhost' })).toThrow(RangeError);
  expect(() => startLoad({ ...options, requests: [{ ...requests[0]!, url: '/predictions' }] })).toThrow(
    '/predictions is not a valid URL.',
  );
});
