import { startReceiver, type TestReceiver } from './fixtures/receiver.ts';
import { ExportQueue, type DropReason } from './export-queue.ts';
import { headerSource, parsePairs } from './headers.ts';
import { HttpReceiver } from './http-receiver.ts';
import { until } from '../fixtures/until.ts';

let receiver: TestReceiver;
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(() => receiver.close());

interface Log {
  readonly level: 'info' | 'warn';
  readonly fields: unknown;
  readonly text: string;
}

/** Returns a queue that posts its texts, joined. */
function start({ most = 100, batch = 10, delayMs = 1, timeoutMs = 10_000, firstRetryMs = 1 } = {}) {
  const dropped: [number, DropReason][] = [];
  const logs: Log[] = [];
  let exported = 0;
  const http = new HttpReceiver(new URL(`${receiver.url}/sink?token=secret`), headerSource(undefined, undefined));
  const log =
    (level: Log['level']) =>
    (fields: unknown, text: string): void => {
      logs.push({ level, fields, text });
    };
  const queue = new ExportQueue<string>({
    what: 'texts',
    receiver: {
      name: http.name,
      send: (items, signal) => http.post({ body: items.join('|'), contentType: 'text/plain' }, signal),
      close: () => {
        http.close();
      },
    },
    observer: { exported: (count) => (exported += count), dropped: (...drop) => dropped.push(drop) },
    logger: { info: log('info'), warn: log('warn') } as never,
    weightOf: (text) => text.length,
    ...{ most, batch, delayMs, timeoutMs, firstRetryMs },
  });
  return { queue, dropped, logs, exported: () => exported };
}

const bodies = (): string[] => receiver.requests.map(({ body }) => body.toString());

test('items go together, in batches of a size', async () => {
  const { queue, exported } = start();
  for (const text of ['aaaa', 'bbbb', 'cccc', 'dddd', 'a text that is larger than a batch']) queue.add(text);
  await queue.close(10_000);
  expect(bodies()).toEqual(['aaaa|bbbb', 'cccc|dddd', 'a text that is larger than a batch']);
  expect(exported()).toBe(5);
});

test('items are sent without further ones, after a while', async () => {
  const { queue, exported } = start();
  queue.add('a');
  await until(() => exported() === 1);
  await queue.close(10_000);
});

test('a receiver that fails gets the items again, and the log has one line, and one when it recovers', async () => {
  const { queue, logs, dropped, exported } = start();
  receiver.status = 503;
  queue.add('a');
  await until(() => receiver.requests.length >= 3);
  receiver.status = 200;
  await until(() => exported() === 1);
  await queue.close(10_000);
  expect(new Set(bodies())).toEqual(new Set(['a']));
  expect(dropped).toEqual([]);
  expect(logs).toEqual([
    {
      level: 'warn',
      fields: { receiver: `${receiver.url}/sink`, reason: 'status 503: what the receiver says' },
      text: 'texts cannot be exported: they are kept, then dropped',
    },
    { level: 'info', fields: { receiver: `${receiver.url}/sink`, dropped: 0 }, text: 'texts are exported again' },
  ]);
});

test('items that the receiver refuses are not sent again', async () => {
  const { queue, dropped } = start();
  receiver.status = 400;
  queue.add('a');
  queue.add('b');
  await until(() => dropped.length === 1);
  await queue.close(10_000);
  expect(bodies()).toEqual(['a|b']);
  expect(dropped).toEqual([[2, 'refused']]);
});

test('a receiver that never responds costs a full queue and one line of the log, and ends with the queue', async () => {
  const { queue, dropped, logs } = start({ timeoutMs: 20 });
  receiver.status = undefined;
  for (let item = 0; item < 150; item++) queue.add('x');
  expect(dropped).toHaveLength(50);
  // The first batch was sent again, after a timeout.
  await until(() => receiver.requests.length >= 2);
  await queue.close(1);
  expect(dropped.filter(([, reason]) => reason === 'shutdown').reduce((sum, [count]) => sum + count, 0)).toBe(100);
  expect(logs).toHaveLength(1);
  expect(logs[0]?.fields).toMatchObject({ reason: 'it did not respond in time' });
  queue.add('late');
  expect(dropped.at(-1)).toEqual([1, 'shutdown']);
});

test('a receiver that is not there is like one that fails', async () => {
  const { queue, logs, dropped } = start();
  await receiver.close();
  queue.add('a');
  await until(() => logs.length > 0);
  await queue.close(10_000);
  expect(logs[0]?.fields).toMatchObject({ reason: expect.stringContaining('ECONNREFUSED') as string });
  expect(dropped).toEqual([[1, 'shutdown']]);
  receiver = await startReceiver();
});

test('pairs are separated by commas or lines, and percent-encoded', () => {
  expect(parsePairs('authorization=Bearer%20a%3D,\nx-tenant = b=c ,')).toEqual({
    authorization: 'Bearer a=',
    'x-tenant': 'b=c',
  });
  expect(() => parsePairs('a=1,secret')).toThrow(/^pair 2 is not name=value$/);
  expect(() => parsePairs('a=%secret')).toThrow(/^pair 1 is not percent-encoded$/);
});
