import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../failure.ts';
import type { LoadRequest } from '../load/attempt.ts';
import { measureCapacity } from './capacity.ts';
import type { ChaosContext } from './chaos-context.ts';

let server: Server;
let concurrent: number;
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

interface Reply {
  readonly status?: number;
  readonly body: unknown;
  readonly milliseconds?: number;
}

/** Starts a service, and returns its load: two examples, whose predictions are their own values. */
async function serve(reply: (input: unknown) => Reply): Promise<ChaosContext> {
  let open = 0;
  concurrent = 0;
  server = createServer((request, response) => {
    let text = '';
    concurrent = Math.max(concurrent, ++open);
    response.on('close', () => open--);
    request
      .on('data', (chunk: Buffer) => {
        text += chunk.toString();
      })
      .on('end', () => {
        const { status = 200, body, milliseconds = 0 } = reply(JSON.parse(text));
        void sleep(milliseconds).then(() => response.writeHead(status).end(JSON.stringify(body)));
      });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const requests = [1, 2].map((value): LoadRequest => ({
    body: `{"a":${value},"b":9007199254740993}`,
    isCorrect: (got) => got === value,
  }));
  return {
    load: {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/predictions`,
      requests,
      rate: 50,
      connections: 'both',
    },
    wanted: 2,
    context: { signal: new AbortController().signal },
  } as unknown as ChaosContext;
}

const rowsOf = (input: unknown): readonly number[] | undefined =>
  (input as { columns?: { a: readonly number[] } }).columns?.a;

test('combines rows until a request is costly, and counts those that are served at once and correctly', async () => {
  const chaos = await serve((input) => {
    const rows = rowsOf(input);
    return { body: rows ?? (input as { a: number }).a, milliseconds: (rows?.length ?? 1) >= 8 ? 40 : 0 };
  });
  const { rows, requests, perSecond } = await measureCapacity(chaos);
  expect(rows).toBe(8);
  expect(requests.map(({ body }) => String(body))).toEqual([
    `{"columns":{"a":[1,2,1,2,1,2,1,2],"b":[${Array.from({ length: 8 }, () => '9007199254740993').join(',')}]}}`,
  ]);
  expect(requests[0]!.isCorrect([1, 2, 1, 2, 1, 2, 1, 2])).toBe(true);
  for (const wrong of [[1, 2, 1, 2, 1, 2, 1], [1, 2, 1, 2, 2, 1, 1, 2], 1])
    expect(requests[0]!.isCorrect(wrong)).toBe(false);
  // Four requests at a time for each of two replicas, each of which takes 40 ms or more.
  expect(concurrent).toBe(8);
  expect(perSecond).toBeGreaterThan(0);
  expect(perSecond).toBeLessThanOrEqual(8 / 0.039);
});

test('a model that accepts no columns gets single rows', async () => {
  const chaos = await serve((input) =>
    rowsOf(input) === undefined ? { body: (input as { a: number }).a } : { status: 422, body: {} },
  );
  expect(await measureCapacity(chaos)).toMatchObject({ rows: 1, requests: [chaos.load.requests[0]] });
});

test('a service that serves nothing is a failure, which names the errors', async () => {
  const chaos = await serve(() => ({ status: 503, body: { type: 'urn:problem-type:rhizome:model-not-ready' } }));
  const failure = await measureCapacity(chaos).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(Failure);
  expect((failure as Failure).message).toMatch(/capacity was measured: 503 model-not-ready\.$/);
});
