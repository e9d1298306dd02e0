import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Cores } from '../machine/cores.ts';
import { seededRandom } from '../../onnx/seeded-random.ts';
import { readReport } from './ghz.ts';
import { OutcomeCounter } from './latencies.ts';
import { messageOf, openLoop } from './open-loop.ts';
import { ResponseParser } from './response-parser.ts';
import { mergeArrivals, poissonArrivals } from './schedule.ts';
import { readSummary } from './wrk.ts';

const unpinned: Cores = { forServer: first, forLoad: first, description: 'anywhere' };
function first([file = '', ...args]: readonly string[]): readonly [string, ...string[]] {
  return [file, ...args];
}

test('arrivals are a Poisson process of the rate, the same for the same seed', () => {
  const arrivals = poissonArrivals(1000, 20, seededRandom(1));
  expect(poissonArrivals(1000, 20, seededRandom(1))).toEqual(arrivals);
  expect(arrivals.length).toBeGreaterThan(19_400);
  expect(arrivals.length).toBeLessThan(20_600);
  expect(arrivals.at(-1)).toBeLessThan(20_000);
  // The gaps of a Poisson process are exponential: the standard deviation is the mean.
  const gaps = Array.from(arrivals.subarray(1), (at, index) => at - arrivals[index]!);
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length);
  expect(deviation / mean).toBeCloseTo(1, 1);
});

test('schedules are merged in the order of time', () => {
  expect(mergeArrivals([Float64Array.of(1, 5), Float64Array.of(2)])).toEqual([
    { at: 1, target: 0 },
    { at: 2, target: 1 },
    { at: 5, target: 0 },
  ]);
});

test('outcomes are accepted, refused or errors; only what came in time is goodput', () => {
  const counter = new OutcomeCounter();
  for (const [outcome, latency, inTime] of [
    [200, 10, true],
    [200, 30, true],
    [200, 50, false],
    [503, 2, true],
    [504, 99, true],
    ['no response', 99, false],
  ] as const) {
    counter.sent();
    counter.done(outcome, latency, inTime);
  }
  expect(counter.summary(2)).toEqual({
    sent: 6,
    accepted: 3,
    goodput: 1,
    p50: 30,
    p99: expect.closeTo(49.6),
    max: 50,
    refused: 1,
    refusedP99: 2,
    errors: { '504': 1, 'no response': 1 },
  });
});

test('responses are read from chunks of any size', () => {
  const bytes = Buffer.from('HTTP/1.1 503 Service Unavailable\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello');
  for (const size of [1, 7, 1000]) {
    const parser = new ResponseParser();
    const responses = [];
    for (let at = 0; at < bytes.length; at += size) responses.push(parser.push(bytes.subarray(at, at + size)));
    expect(responses.filter((response) => response !== undefined)).toEqual([{ status: 503, closes: true }]);
    expect(responses.at(-1)).toBeDefined();
  }
});

test("wrk's summary counts only 2xx as throughput", () => {
  const output =
    'Running 1s test\n\n{"requests": 1000, "seconds": 2.0, "p50": 1.5, "p99": 9, ' +
    '"status": 100, "socket": 1, "timeout": 0}\n';
  expect(readSummary(output)).toEqual({
    rps: 450,
    requests: 1000,
    p50: 1.5,
    p99: 9,
    errors: { 'not 2xx': 100, 'socket error': 1 },
  });
});

test("ghz's report counts only OK as throughput", () => {
  const report = {
    count: 100,
    total: 2e9,
    latencyDistribution: [
      { percentage: 50, latency: 1e6 },
      { percentage: 99, latency: 5e6 },
    ],
    statusCodeDistribution: { OK: 90, Unavailable: 10 },
  };
  expect(readReport(JSON.stringify(report))).toEqual({
    rps: 45,
    requests: 100,
    p50: 1,
    p99: 5,
    errors: { Unavailable: 10 },
  });
});

test('a request without a body is a GET', () => {
  expect(messageOf({ path: '/livez', headers: {}, body: new Uint8Array() }).toString()).toBe(
    'GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n',
  );
  expect(messageOf({ path: '/x', headers: { A: 'b' }, body: Buffer.from('hi') }).toString()).toBe(
    'POST /x HTTP/1.1\r\nHost: 127.0.0.1\r\nA: b\r\nContent-Length: 2\r\n\r\nhi',
  );
});

describe('the open-loop generator', () => {
  let server: Server | undefined;
  afterEach(async () => {
    server?.closeAllConnections();
    server?.close();
    if (server) await once(server, 'close');
    server = undefined;
  });

  async function listen(listener: RequestListener): Promise<number> {
    server = createServer(listener).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  test('sends all that its schedule has, and counts each response', async () => {
    let received = 0;
    const port = await listen((request, response) => {
      received += 1;
      response.statusCode = request.url === '/refused' ? 503 : 200;
      response.setHeader('Content-Length', 2).end('ok');
    });
    const request = (path: string) => ({ path, headers: {}, body: new Uint8Array() });
    const { outcomes, unanswered } = await openLoop({
      port,
      targets: [
        { rate: 100, request: request('/accepted') },
        { rate: 50, request: request('/refused') },
      ],
      seconds: 1,
      warmupSeconds: 0,
      cores: unpinned,
    });
    const [accepted, refused] = outcomes;
    expect(unanswered).toBe(0);
    expect(accepted).toMatchObject({ refused: 0, errors: {}, accepted: accepted!.sent });
    expect(refused).toMatchObject({ accepted: 0, errors: {}, refused: refused!.sent });
    expect(accepted!.sent + refused!.sent).toBe(received);
  });

  test('counts the latency from when a request was due, not from when it was sent', async () => {
    // One connection, and each response takes 50 ms: of 10 requests in about 0.1 s, the last waits for the others.
    const port = await listen((_, response) => {
      setTimeout(() => response.setHeader('Content-Length', 2).end('ok'), 50);
    });
    const { outcomes } = await openLoop({
      port,
      targets: [{ rate: 100, request: { path: '/', headers: {}, body: new Uint8Array() } }],
      seconds: 0.2,
      warmupSeconds: 0,
      connections: 1,
      cores: unpinned,
    });
    const [outcome] = outcomes;
    // The n-th response comes after 50 n ms; all requests were due within 200 ms.
    expect(outcome!.max).toBeGreaterThan(outcome!.sent * 50 - 200);
  });
});
