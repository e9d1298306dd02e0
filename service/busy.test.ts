/** Starts the service as a process with a model that keeps the processor busy for 50 ms a row. */
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { Agent, request, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ModelDescription } from './contract/index.ts';
import { metric } from './fixtures/metric.ts';
import { startService, type ServiceProcess } from './fixtures/process.ts';
import { until } from './fixtures/until.ts';

const root = join(import.meta.dirname, '..');
let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rhizome-busy-'));
  await cp(join(root, 'models/iris'), join(dir, 'iris'), { recursive: true });
  await mkdir(join(dir, 'busy'));
  await cp(join(root, 'onnx/fixtures/slow/busy-short.onnx'), join(dir, 'busy/model.onnx'));
});
afterAll(() => rm(dir, { recursive: true }));

const infer = (model: string, headers: Record<string, string> = {}, rows = 1) => ({
  path: `/v2/models/${model}/infer`,
  method: 'POST',
  headers: { 'Content-Type': 'application/json', ...headers },
  body: JSON.stringify({
    inputs: [
      { name: 'X', datatype: 'FP32', shape: [rows, 4], data: new Array(rows).fill([5.1, 3.5, 1.4, 0.2]).flat() },
    ],
  }),
});

async function send(
  { url }: ServiceProcess,
  { path, ...request }: ReturnType<typeof infer>,
  signal: AbortSignal | null = null,
): Promise<number> {
  const response = await fetch(url + path, { ...request, signal });
  await response.arrayBuffer();
  return response.status;
}

const patient = { REQUEST_TIMEOUT_SECONDS: '60', GRACE_PERIOD_SECONDS: '90', MAX_QUEUE_ROWS: '64' };

test('after SIGTERM, everything that waits in a full queue is still served', async () => {
  const service = await startService(dir, patient);
  const sent = Array.from({ length: 30 }, () => send(service, infer('busy')));
  // The service must have all of them, or their connections are refused. The count includes the scrape itself.
  const arrived = async (): Promise<number> =>
    (await metric(service, 'rhizome_requests_in_flight{protocol="http"}')) -
    1 +
    (await metric(service, 'rhizome_batch_rows_sum{model="busy"}'));
  await until(async () => (await arrived()) >= 30);
  expect(await metric(service, 'rhizome_queue_rows{model="busy"}')).toBeGreaterThan(0);
  const exited = service.stop();
  expect(await Promise.all(sent)).toEqual(new Array(30).fill(200));
  expect(await exited).toBe(0);
});

test('while a model is busy, probes and other models are served, and each request is counted once', async () => {
  const service = await startService(dir, { ...patient, MAX_QUEUE_ROWS: '8' });
  const work = { busy: true };
  const slow = Promise.all(Array.from({ length: 20 }, () => send(service, infer('busy')))).finally(() => {
    work.busy = false;
  });
  const others: number[] = [];
  while (work.busy) {
    for (const path of ['/livez', '/readyz']) others.push((await fetch(service.url + path)).status);
    others.push(await send(service, infer('iris')));
  }
  const statuses = await slow;
  expect(new Set(others)).toEqual(new Set([200]));
  // More than these were served while the slow model worked, since none waited for it.
  expect(others.length).toBeGreaterThan(statuses.length);
  const count = (status: number): number => statuses.filter((each) => each === status).length;
  expect(count(200) + count(503)).toBe(20);
  expect(count(200)).toBeGreaterThan(0);
  expect(count(503)).toBeGreaterThan(0);
  const counted = (code: number): Promise<number> =>
    metric(
      service,
      `rhizome_requests_total{protocol="http",route="/v2/models/:name/infer",model="busy",code="${code}"}`,
    );
  expect([await counted(200), await counted(503)]).toEqual([count(200), count(503)]);
  expect(await metric(service, 'rhizome_requests_refused_total{model="busy",reason="rows"}')).toBe(count(503));
  expect(await metric(service, 'rhizome_batch_rows_sum{model="busy"}')).toBe(count(200));
  expect(await service.stop()).toBe(0);
});

test('refusals differ by protocol and request id, and leave the connection usable for the next request', async () => {
  const service = await startService(dir, { ...patient, MAX_QUEUE_ROWS: '1' });
  // About ten seconds of work, unless the clients leave: the service accepts what it can do in sixty.
  const { serving } = (await (await fetch(`${service.url}/models/busy`)).json()) as ModelDescription;
  const rows = Math.ceil(serving.max_rows / 6);
  const left = new AbortController();
  const waiting = [send(service, infer('busy', {}, rows), left.signal).catch(String)];
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const refuse = async (path: string): Promise<{ reused: boolean; id: unknown; refusal: unknown[] }> => {
    const headers = { 'Content-Type': 'application/json' };
    const sending = request(service.url + path, { agent, method: 'POST', headers });
    sending.end(JSON.stringify({ ignored: 'x'.repeat(200_000) }));
    const [response] = (await once(sending, 'response')) as [IncomingMessage];
    const chunks = await response.toArray();
    const body = JSON.parse(Buffer.concat(chunks as Buffer[]).toString()) as Record<string, unknown>;
    const { 'content-type': type, 'retry-after': later, 'x-request-id': id } = response.headers;
    return { reused: sending.reusedSocket, id, refusal: [response.statusCode, type, later, Object.keys(body)] };
  };
  const paths = ['/v2/models/busy/infer', '/models/busy/predictions'];
  const queued = (): Promise<number> => metric(service, 'rhizome_queue_rows{model="busy"}');
  // If the machine was busy when the model was measured, all rows are in one run, and the queue is empty meanwhile. It
  // accepts any request then. It may also be empty again before all requests were sent.
  const fill = async (): Promise<void> => {
    while ((await queued()) === 0) {
      waiting.push(send(service, infer('busy'), left.signal).catch(String));
      await delay(20);
    }
  };
  const answers: Awaited<ReturnType<typeof refuse>>[] = [];
  const refused: typeof answers = [];
  while (refused.length < 4) {
    await fill();
    const answer = await refuse(paths[refused.length % 2]!);
    answers.push(answer);
    if (answer.refusal[0] === 503) refused.push(answer);
  }
  const inference = [503, 'application/json', '1', ['error']];
  const problem = [503, 'application/problem+json', '1', ['type', 'title', 'status', 'detail']];
  expect(refused.map(({ refusal }) => refusal)).toEqual([inference, problem, inference, problem]);
  expect(answers.map(({ reused }) => reused)).toEqual(answers.map((_, index) => index > 0));
  expect(new Set(refused.map(({ id }) => id)).size).toBe(4);
  agent.destroy();
  left.abort();
  await Promise.all(waiting);
  await until(async () => (await queued()) === 0);
  expect(await send(service, infer('busy'))).toBe(200);
  expect(await service.stop()).toBe(0);
});

test('a request whose time is over before its turn is not run', async () => {
  const service = await startService(dir, patient);
  const long = Array.from({ length: 10 }, () => send(service, infer('busy')));
  await until(async () => (await metric(service, 'rhizome_queue_rows{model="busy"}')) > 5);
  expect(await send(service, infer('busy', { 'X-Request-Timeout-Ms': '20' }))).toBeGreaterThanOrEqual(503);
  expect(await Promise.all(long)).toEqual(new Array(10).fill(200));
  expect(await metric(service, 'rhizome_batch_rows_sum{model="busy"}')).toBe(10);
  expect(await service.stop()).toBe(0);
});

test('what clients have asked for that closed their connections is not run', async () => {
  const service = await startService(dir, patient);
  const { path, body } = infer('busy');
  const sockets = await Promise.all(
    Array.from({ length: 10 }, async () => {
      const socket = connect(service.port, '127.0.0.1');
      await once(socket, 'connect');
      socket.write(
        `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n` +
          body,
      );
      return socket;
    }),
  );
  await until(async () => (await metric(service, 'rhizome_queue_rows{model="busy"}')) > 5);
  for (const socket of sockets) socket.end();
  const abandoned = (): Promise<number> =>
    metric(service, 'rhizome_requests_refused_total{model="busy",reason="abandoned"}');
  // Each request is either run or abandoned, and only once.
  await until(async () => (await metric(service, 'rhizome_batch_rows_sum{model="busy"}')) + (await abandoned()) === 10);
  expect(await abandoned()).toBeGreaterThan(0);
  expect(await metric(service, 'rhizome_queue_rows{model="busy"}')).toBe(0);
  for (const socket of sockets) socket.destroy();
  expect(await service.stop()).toBe(0);
});
