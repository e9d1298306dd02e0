/** Tokens are verified with the keys of a real key server. */
import { once } from 'node:events';
import { pino } from 'pino';
import { until } from '../fixtures/until.ts';
import { audience, inSeconds, issuer, SigningKey, TestKeyServer } from './fixtures/issuer.ts';
import { KeyServer, type KeyServerTimes } from './key-server.ts';
import { fetchKeySet } from './key-set.ts';
import { Tokens } from './tokens.ts';

const rsa = new SigningKey('rsa', 'RS256');
const ec = new SigningKey('ec');
const algorithms = ['RS256', 'ES256'] as const;

let server: TestKeyServer;
let keys: KeyServer;
let logs: string[];
beforeEach(async () => {
  server = await new TestKeyServer([rsa.jwk, ec.jwk]).listen();
});
afterEach(() => {
  keys.stop();
  server.close();
});

/** A day: only the tests decide when something is over. */
const never = 86_400;

function start(times: Partial<KeyServerTimes> = {}, timeoutMs = 5000, now: () => number = Date.now): Tokens {
  logs = [];
  const logger = pino({}, { write: (line: string) => logs.push((JSON.parse(line) as { msg: string }).msg) });
  const { url } = server;
  keys = new KeyServer((stop) => fetchKeySet(url, algorithms, timeoutMs, stop), logger, {
    ...{ refreshSeconds: never, retrySeconds: never, pauseSeconds: never },
    ...times,
  });
  keys.start();
  return new Tokens({ issuer, audience, algorithms, leewaySeconds: 30 }, keys, now);
}

/** Returns `valid`, or why the token is not accepted. */
async function outcome(tokens: Tokens, token: string): Promise<string> {
  try {
    await tokens.authenticate(undefined, `Bearer ${token}`);
    return 'valid';
  } catch (error) {
    const { code, message } = error as { readonly code?: string; readonly message: string };
    return `${code ?? 'crash'}: ${message.replace('The token is not valid: ', '')}`;
  }
}

test('a token is verified once, and remembered', async () => {
  const tokens = start();
  for (const token of [rsa.token(), ec.token({ aud: ['others', audience] }, { typ: 'at+jwt' })]) {
    const header = `Bearer ${token}`;
    const first = tokens.authenticate(undefined, header);
    expect(first).toBeInstanceOf(Promise);
    expect(tokens.authenticate(undefined, header)).toBeInstanceOf(Promise);
    expect(await first).toBeDefined();
    expect(tokens.authenticate(undefined, header)).not.toBeInstanceOf(Promise);
  }
  expect(server.fetches).toBe(1);
});

test.each([
  ['alg none', ec.unsigned(), /^unauthorized: its algorithm \(alg\) is not RS256 or ES256\.$/],
  ['HS256 with the public key', rsa.forged(), /its algorithm \(alg\) is not/],
  ['an algorithm that the key is not for', ec.token({}, { alg: 'RS256' }), /is not for its algorithm/],
  ['the signature of another key', new SigningKey('ec').token(), /its signature is wrong/],
  [
    'changed claims',
    ec.token().replace(/\.[\w-]+\./, `.${ec.token({ scope: 'admin' }).split('.')[1]!}.`),
    /signature is wrong/,
  ],
  ['another issuer', ec.token({ iss: `${issuer}.evil` }), /its issuer \(iss\) is another one/],
  ['another audience', ec.token({ aud: 'others' }), /it is for another audience/],
  ['no audience', ec.token({ aud: undefined }), /it is for no audience/],
  ['a time that has passed', ec.token({ exp: inSeconds(-60) }), /it has expired/],
  ['a time that is not a number', ec.token({ exp: 'soon' }), /does not say when it expires/],
  ['no time', ec.token({ exp: undefined }), /does not say when it expires/],
  ['a time to come', ec.token({ nbf: inSeconds(300) }), /not valid yet/],
  ['another key', new SigningKey('other').token(), /its key \(kid\) is unknown/],
  ['no key', ec.token({}, { kid: undefined }), /does not name its key/],
  ['the name of a property', ec.token({}, { kid: '__proto__' }), /its key \(kid\) is unknown/],
  ['an extension', ec.token({}, { crit: ['exp'] }), /cannot be verified/],
  ['a token of another type', ec.token({}, { typ: 'logout+jwt' }), /cannot be verified/],
  ['a megabyte', 'x'.repeat(2 ** 20), /longer than 8192/],
  ['no parts', 'abc', /not a JSON Web Token/],
  ['parts that are not JSON', 'YQ.YQ.YQ', /not a JSON Web Token/],
  ['a header that is null', `${btoa('null')}.${btoa('{}')}.YQ`, /its algorithm/],
])('a token with %s is refused', async (_, token, reason) => {
  expect(await outcome(start(), token)).toMatch(reason);
});

test('clocks may differ by the leeway, and a token that is remembered expires too', async () => {
  let now = Date.now();
  const tokens = start({}, 5000, () => now);
  const token = ec.token({ exp: inSeconds(-10), nbf: inSeconds(10) });
  expect(await outcome(tokens, token)).toBe('valid');
  now += 60_000;
  expect(await outcome(tokens, token)).toBe('unauthorized: it has expired.');
});

test('a token may run the models of its scopes', async () => {
  const tokens = start();
  const allowed = async (claims: object, model: string): Promise<boolean> => {
    const access = await tokens.authenticate(undefined, `Bearer ${ec.token(claims)}`);
    try {
      access?.require(model);
      return true;
    } catch (error) {
      expect(error).toMatchObject({ code: 'forbidden' });
      return false;
    }
  };
  expect(await allowed({ scope: 'openid predict:iris' }, 'iris')).toBe(true);
  expect(await allowed({ scope: 'openid predict:iris' }, 'iris2')).toBe(false);
  expect(await allowed({ scope: undefined, scp: ['predict:iris', 7, 'predict:wine'] }, 'wine')).toBe(true);
  expect(await allowed({ scope: undefined, scp: 'predict:*' }, 'wine')).toBe(true);
  expect(await allowed({ scope: 'predict:a%20b' }, 'a b')).toBe(true);
  expect(await allowed({ scope: undefined }, 'iris')).toBe(false);
  expect(await allowed({ scope: { 'predict:*': true } }, 'iris')).toBe(false);
});

test('an API key is accepted besides tokens', async () => {
  const tokens = start();
  expect(tokens.authenticate('key-1\nkey-2', 'Bearer key-2')).toBeUndefined();
  await expect(async () => tokens.authenticate('key-1', 'Bearer key-2')).rejects.toMatchObject({
    code: 'unauthorized',
  });
  expect(() => tokens.authenticate('key-1', undefined)).toThrow('requires a token');
});

test('a thousand unknown keys are one fetch, and known keys are served meanwhile', async () => {
  const tokens = start({ pauseSeconds: 0 });
  expect(await outcome(tokens, ec.token())).toBe('valid');
  // The key server responds when the test says so.
  const asked = Promise.withResolvers<() => void>();
  server.respond = (_, response) => {
    asked.resolve(() => response.end(JSON.stringify({ keys: server.keys })));
  };
  const unknown = Array.from({ length: 1000 }, (__, index) => outcome(tokens, ec.token({}, { kid: `${index}` })));
  const respond = await asked.promise;
  expect(await outcome(tokens, rsa.token())).toBe('valid');
  respond();
  expect(new Set(await Promise.all(unknown))).toEqual(new Set(['unauthorized: its key (kid) is unknown.']));
  expect(server.fetches).toBe(2);
});

test('a new key is accepted with its first token, and a token of a withdrawn key no longer', async () => {
  const tokens = start({ pauseSeconds: 0 });
  const old = ec.token();
  const access = await tokens.authenticate(undefined, `Bearer ${old}`);
  const added = new SigningKey('new');
  server.keys = [rsa.jwk, ec.jwk, added.jwk];
  expect(await outcome(tokens, added.token())).toBe('valid');
  expect(await outcome(tokens, old)).toBe('valid');
  server.keys = [added.jwk];
  expect(await outcome(tokens, new SigningKey('unknown').token())).toContain('is unknown');
  expect(await outcome(tokens, old)).toBe('unauthorized: its key (kid) is unknown.');
  expect(() => access?.check(Date.now())).toThrow('its key has been withdrawn');
  // The same id with another key is another key.
  const again = new SigningKey('new');
  server.keys = [again.jwk];
  expect(await outcome(tokens, new SigningKey('unknown').token())).toContain('is unknown');
  expect(await outcome(tokens, added.token())).toContain('its signature is wrong');
  expect(await outcome(tokens, again.token())).toBe('valid');
});

test('while the key server is down, its keys stay valid, and others are not known to be wrong', async () => {
  const tokens = start({ pauseSeconds: 0 });
  const token = ec.token();
  expect(await outcome(tokens, token)).toBe('valid');
  server.respond = (_, response) => response.writeHead(500).end();
  const added = new SigningKey('new');
  for (let index = 0; index < 3; index += 1)
    expect(await outcome(tokens, added.token())).toMatch(/^keys-unavailable: /);
  expect(await outcome(tokens, token)).toBe('valid');
  expect(await outcome(tokens, ec.token({ sub: 'another' }))).toBe('valid');
  expect(keys.fetches).toEqual({ ok: 1, failed: 3 });
  server.respond = undefined;
  server.keys = [added.jwk];
  expect(await outcome(tokens, added.token())).toBe('valid');
  expect(logs).toEqual([
    'The keys of tokens have changed',
    'The keys of tokens cannot be fetched',
    'The keys of tokens have changed',
    'The keys of tokens can be fetched again',
  ]);
});

test('keys are fetched regularly, and are given up if that fails for too long', async () => {
  const tokens = start({ refreshSeconds: 0.01, retrySeconds: 0.01, mostAgeSeconds: 0.05 });
  await until(() => keys.fetches.ok >= 3, 'the keys are fetched three times');
  const token = ec.token();
  expect(await outcome(tokens, token)).toBe('valid');
  server.respond = (_, response) => response.writeHead(500).end();
  await until(async () => (await outcome(tokens, token)).startsWith('keys-unavailable'), 'the keys are given up');
  server.respond = undefined;
  await until(async () => (await outcome(tokens, token)) === 'valid', 'the keys are there again');
});

const big = { keys: [], padding: 'x'.repeat(10 * 2 ** 20) };
test.each<[string, string | object, Readonly<Record<string, string>>?, number?]>([
  ['is not a key set', 'keys'],
  ['has no list', { keys: 'all' }],
  ['has a thousand keys', { keys: new Array<object>(1000).fill(ec.jwk) }],
  ['has 10 MB', big],
  ['leads elsewhere', '', { location: 'http://127.0.0.1:1/' }, 302],
])('a response of the key server that %s counts as a failure', async (_, body, headers = {}, status = 200) => {
  server.respond = (__, response) =>
    response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body));
  const tokens = start();
  expect(await outcome(tokens, ec.token())).toMatch(/^keys-unavailable/);
  expect(logs).toEqual(['The keys of tokens cannot be fetched']);
});

test('a key server that does not respond is given up', async () => {
  const arrived = Promise.withResolvers<unknown>();
  server.respond = (_, response) => {
    arrived.resolve(once(response, 'close'));
  };
  const tokens = start({}, 100);
  expect(await outcome(tokens, ec.token())).toMatch(/^keys-unavailable/);
  await arrived.promise;
});

test('keys that cannot verify the algorithms are left out', async () => {
  const { n, e } = rsa.publicKey.export({ format: 'jwk' });
  server.keys = [
    { kty: 'oct', kid: 'secret', k: 'c2VjcmV0' },
    { kty: 'RSA', kid: 'short', n: n?.slice(0, 170), e },
    { ...ec.jwk, kid: 'encryption', use: 'enc' },
    { ...rsa.jwk, kid: 'other', alg: 'RS512' },
    { ...ec.jwk, kid: undefined },
    ...[null, 'key', ec.jwk],
  ];
  const tokens = start({ pauseSeconds: 0 });
  expect(await outcome(tokens, ec.token())).toBe('valid');
  for (const kid of ['secret', 'short', 'encryption'])
    expect(await outcome(tokens, ec.token({}, { kid }))).toContain('is unknown');
  expect(await outcome(tokens, rsa.token({}, { kid: 'other' }))).toContain('is unknown');
});

test('an empty key set withdraws all keys', async () => {
  server.keys = [];
  expect(await outcome(start(), ec.token())).toContain('its key (kid) is unknown');
});
