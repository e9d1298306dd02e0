/** When the keys are fetched from a real key server, and who waits for them. */
import { once } from 'node:events';
import { pino } from 'pino';
import { until } from '../fixtures/until.ts';
import { SigningKey, TestKeyServer } from './fixtures/issuer.ts';
import { KeyServer, type KeyServerTimes } from './key-server.ts';
import { fetchKeySet } from './key-set.ts';

const known = new SigningKey('known');
const added = new SigningKey('added');

let server: TestKeyServer;
let keys: KeyServer;
let logs: string[];
beforeEach(async () => {
  server = await new TestKeyServer([known.jwk]).listen();
});
afterEach(() => {
  keys.stop();
  server.close();
});

/** A day: only the tests decide when something is over. */
const never = 86_400;

function start(times: Partial<KeyServerTimes> = {}): void {
  logs = [];
  const logger = pino({}, { write: (line: string) => logs.push((JSON.parse(line) as { msg: string }).msg) });
  const { url } = server;
  keys = new KeyServer((stop) => fetchKeySet(url, ['ES256'], 5000, stop), logger, {
    ...{ refreshSeconds: never, retrySeconds: never, pauseSeconds: never },
    ...times,
  });
  keys.start();
}

/** Returns `found`, `unknown`, or the code of the error. */
const outcome = (id: string): Promise<string | undefined> =>
  keys.find(id).then(
    (key) => (key === undefined ? 'unknown' : 'found'),
    (error: unknown) => (error as { readonly code?: string }).code,
  );

test('a new key is waited for until the keys may be fetched again, once for all who wait', async () => {
  start({ pauseSeconds: 0.5 });
  expect(await outcome('known')).toBe('found');
  server.keys = [known.jwk, added.jwk];
  const outcomes = ['added', '1', '2', '3', 'known'].map(outcome);
  expect(await Promise.all(outcomes)).toEqual(['found', 'unknown', 'unknown', 'unknown', 'found']);
  expect(server.fetches).toBe(2);
});

test('a key that would be known too late is not known to be wrong', async () => {
  start();
  expect(await outcome('known')).toBe('found');
  for (let index = 0; index < 10; index += 1) expect(await outcome(`${index}`)).toBe('keys-unavailable');
  expect(server.fetches).toBe(1);
});

test('only so many wait for a key, and none does when the service ends', async () => {
  start({ mostWaitSeconds: never });
  expect(await outcome('known')).toBe('found');
  let ended = 0;
  const outcomes = Array.from({ length: 100 }, (_, index) => outcome(`${index}`).finally(() => ended++));
  await until(() => ended === 36, '36 of 100 do not wait');
  keys.stop();
  expect(new Set(await Promise.all(outcomes))).toEqual(new Set(['keys-unavailable']));
  expect(server.fetches).toBe(1);
});

test('an attempt to fetch the keys ends with the service, and is no failure', async () => {
  const asked = Promise.withResolvers<{ readonly closed: Promise<unknown> }>();
  server.respond = (_, response) => {
    asked.resolve({ closed: once(response, 'close') });
  };
  start();
  const waiting = outcome('known');
  const { closed } = await asked.promise;
  keys.stop();
  await closed;
  expect(await waiting).toBe('keys-unavailable');
  expect([keys.fetches, logs]).toEqual([{ ok: 0, failed: 0 }, []]);
});
