import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { download } from '../contract/index.ts';
import { addressFilter } from './addresses.ts';
import { archiveOf } from './fixtures/archive.ts';
import { install } from './install.ts';
import type { DownloadSettings } from './settings.ts';

const model = readFileSync(join(import.meta.dirname, '../../models/iris/model.onnx'));
const description = readFileSync(join(import.meta.dirname, '../../models/iris/model.json'));
const files = [
  { path: 'iris/', type: '5' },
  { path: 'iris/model.onnx', content: model },
  { path: 'iris/model.json', content: description },
];
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

let folder: string;
let server: Server;
let requests: IncomingMessage[];
let respond: (request: IncomingMessage, response: ServerResponse) => void;
let origin: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'download-'));
  requests = [];
  server = createServer((request, response) => {
    requests.push(request);
    respond(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

const serving =
  (body: Uint8Array): typeof respond =>
  (_, response) =>
    response.end(body);

const settings = (bytes: Uint8Array, others: Partial<DownloadSettings> = {}): DownloadSettings => ({
  url: new URL(`${origin}/iris.tar.gz`),
  sha256: sha256(bytes),
  folder,
  name: 'iris',
  maxBytes: 1_000_000,
  allowed: addressFilter(['127.0.0.1/32']),
  credentials: undefined,
  region: undefined,
  ...others,
});

const lines: Record<string, unknown>[] = [];
const logger = pino({}, { write: (line: string) => lines.push(JSON.parse(line) as Record<string, unknown>) });
const run = (given: DownloadSettings): Promise<readonly string[]> => install(given, { logger, firstDelayMs: 1 });

/** Runs the program as the container does. */
async function program(environment: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts')], {
    env: { PATH: process.env['PATH'], NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'], ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 60_000,
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  const log = output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { code, log };
}

const names = download.variables;

describe('as a program', () => {
  const environment = (bytes: Uint8Array) => ({
    MODELS_DIR: folder,
    [names.url]: `${origin}/iris.tar.gz`,
    [names.sha256]: sha256(bytes),
    [names.name]: 'iris',
    [names.maxBytes]: '1000000',
    [names.allowedAddresses]: '127.0.0.1/32',
  });

  test('it downloads a models folder with a bearer token, and logs what it did as JSON', async () => {
    const archive = archiveOf(files);
    respond = serving(archive);
    const secret = `${folder}-secret`;
    mkdirSync(secret);
    writeFileSync(join(secret, 'token'), 'hush\n');
    const { code, log } = await program({ ...environment(archive), [names.credentialsDir]: secret });
    rmSync(secret, { recursive: true });
    expect([code, log.map(({ msg }) => msg)]).toEqual([0, ['downloaded', 'models are ready to be loaded']]);
    expect(log[0]).toMatchObject({ bytes: archive.length, url: `${origin}/iris.tar.gz` });
    expect(log[1]).toMatchObject({ models: ['iris'] });
    expect(requests[0]!.headers.authorization).toBe('Bearer hush');
    expect(readFileSync(join(folder, 'iris/model.onnx'))).toEqual(model);
    expect(readFileSync(join(folder, 'iris/model.json'))).toEqual(description);
  });

  test('a failure is one line of the log, with the reason; the exit code is 1', async () => {
    respond = serving(Buffer.from('another file'));
    const { code, log } = await program(environment(model));
    expect(code).toBe(1);
    expect(log).toEqual([expect.objectContaining({ level: 'fatal', msg: 'models cannot be downloaded' })]);
    expect(log[0]!['reason']).toBe(
      `${origin}/iris.tar.gz has the SHA-256 ${sha256(Buffer.from('another file'))}, expected ${sha256(model)}. If ` +
        'the file was replaced on purpose, set `sha256` to the new one; otherwise do not use it.',
    );
  });

  test('without its variables it exits with 78', async () => {
    const { code, log } = await program({ MODELS_DIR: folder });
    expect([code, log[0]!['reason']]).toEqual([
      78,
      'MODELS_URL is not set; expected an http or https URL without user and query.',
    ]);
  });
});

test('a single model gets the folder of its name', async () => {
  respond = serving(model);
  expect(await run(settings(model, { name: 'flowers' }))).toEqual(['flowers']);
  expect(readFileSync(join(folder, 'flowers/model.onnx'))).toEqual(model);
});

test.each([
  ['of one model', 'model.onnx', ['iris']],
  ['of versions of one model', '2/model.onnx', ['iris/2']],
  ['of several models', 'wine/model.onnx', ['wine']],
])('an archive %s', async (_, path, expected) => {
  const archive = archiveOf([{ path: `./${path}`, content: model }]);
  respond = serving(archive);
  expect(await run(settings(archive))).toEqual(expected);
});

test('models that are there are not downloaded again', async () => {
  const archive = archiveOf(files);
  respond = serving(archive);
  await run(settings(archive));
  expect(await run(settings(archive))).toEqual(['iris']);
  expect(requests).toHaveLength(1);
});

test('what an interrupted start has left is replaced', async () => {
  mkdirSync(join(folder, 'iris'));
  writeFileSync(join(folder, 'iris/model.onnx'), 'half');
  const archive = archiveOf(files);
  respond = serving(archive);
  await run(settings(archive));
  expect(readFileSync(join(folder, 'iris/model.onnx'))).toEqual(model);
});

test('an archive without a model is an error that says what it contains', async () => {
  const archive = archiveOf([
    { path: 'deep/down/iris/model.onnx', content: model },
    { path: 'readme', content: 'x' },
  ]);
  respond = serving(archive);
  await expect(run(settings(archive))).rejects.toThrow(
    'contains no model: expected NAME/model.onnx, or model.onnx, but found deep, readme.',
  );
});

describe('interruptions', () => {
  /** Ends the first connection after some bytes, of which any number arrives. Later sends what is asked for. */
  const interrupted =
    (body: Buffer): typeof respond =>
    (request, response) => {
      const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
      const rest = body.subarray(start);
      response.writeHead(start === 0 ? 200 : 206, {
        'content-length': rest.length,
        ...(start > 0 && { 'content-range': `bytes ${start}-${body.length - 1}/${body.length}` }),
      });
      if (requests.length > 1) response.end(rest);
      else response.write(body.subarray(0, 100), () => response.destroy());
    };
  /** Writes what an earlier start of the container has received. */
  const received = (bytes: Uint8Array): void => {
    mkdirSync(join(folder, '.download'));
    writeFileSync(join(folder, '.download', sha256(model)), bytes);
  };

  test('another attempt receives the rest', async () => {
    respond = interrupted(model);
    await run(settings(model));
    expect(requests).toHaveLength(2);
    expect(readFileSync(join(folder, 'iris/model.onnx'))).toEqual(model);
    expect(lines).toContainEqual(expect.objectContaining({ msg: 'retrying', retry_in_seconds: 0.001 }));
  });

  test('only the rest is requested, also after the container was started again', async () => {
    received(model.subarray(0, 100));
    respond = interrupted(model);
    requests.length = 1; // Not interrupted.
    await run(settings(model));
    expect(requests.slice(1).map(({ headers }) => headers.range)).toEqual(['bytes=100-']);
    expect(readFileSync(join(folder, 'iris/model.onnx'))).toEqual(model);
  });

  test('nothing is left to request', async () => {
    received(model);
    respond = (_, response) => response.writeHead(416).end();
    expect(await run(settings(model))).toEqual(['iris']);
  });

  test('a file that changed in the meantime is downloaded from its start', async () => {
    received(Buffer.alloc(100, 'x'));
    respond = interrupted(model);
    requests.length = 1;
    await run(settings(model));
    expect(requests.slice(1).map(({ headers }) => headers.range)).toEqual(['bytes=100-', undefined]);
    expect(readFileSync(join(folder, 'iris/model.onnx'))).toEqual(model);
  });

  test('a server that does not know ranges sends everything again', async () => {
    const first = interrupted(model);
    respond = (request, response) => {
      (requests.length === 1 ? first : serving(model))(request, response);
    };
    await run(settings(model));
    expect(readFileSync(join(folder, 'iris/model.onnx'))).toEqual(model);
  });

  test.each([503, 429, 500])('status %d is retried', async (status) => {
    respond = (request, response) => {
      if (requests.length > 2) serving(model)(request, response);
      else response.writeHead(status).end();
    };
    await run(settings(model));
    expect(requests).toHaveLength(3);
  });

  test('it gives up after six attempts without a new byte', async () => {
    respond = (_, response) => response.writeHead(503).end();
    await expect(run(settings(model))).rejects.toThrow('responds with status 503.');
    expect(requests).toHaveLength(6);
  });
});

test.each([
  [401, 'responds with status 401. Check the credentials in the Secret; a presigned URL may have expired.'],
  [403, 'responds with status 403. Check the credentials'],
  [404, 'responds with status 404. Check the URL.'],
  [400, 'responds with status 400.'],
])('status %d is not retried', async (status, message) => {
  respond = (_, response) => response.writeHead(status).end();
  await expect(run(settings(model))).rejects.toThrow(message);
  expect(requests).toHaveLength(1);
});

test.each([
  ['announced', (response: ServerResponse) => response.end(Buffer.alloc(2000)), 'has 2000 bytes, but at most 999 are'],
  ['not announced', (response: ServerResponse) => response.write(Buffer.alloc(2000)), 'has more than 999 bytes'],
])('a file that is too large is refused, its size %s', async (_, send, message) => {
  respond = (_request, response) => send(response);
  await expect(run(settings(model, { maxBytes: 999 }))).rejects.toThrow(message);
  expect(requests).toHaveLength(1);
});

test('an archive and its files must fit together', async () => {
  const archive = archiveOf([{ path: 'iris/model.onnx', content: Buffer.alloc(5000) }]);
  respond = serving(archive);
  await expect(run(settings(archive, { maxBytes: 5000 }))).rejects.toThrow('bytes that are left. Set a larger');
  expect(existsSync(join(folder, 'iris'))).toBe(false);
});

describe('addresses', () => {
  const refused = ' is not a public address, so it is refused.';

  test('a private address is refused', async () => {
    await expect(run(settings(model, { allowed: addressFilter([]) }))).rejects.toThrow(`127.0.0.1${refused}`);
    expect(requests).toEqual([]);
  });

  test('so is a name that resolves to one', async () => {
    const url = new URL(`${origin.replace('127.0.0.1', 'localhost')}/iris`);
    await expect(run(settings(model, { url, allowed: addressFilter([]) }))).rejects.toThrow(
      /localhost has the address (127\.0\.0\.1|::1), which is not a public address/,
    );
    expect(requests).toEqual([]);
  });

  test.each([
    'http://169.254.169.254/latest/meta-data',
    'http://[fd00::1]/',
    'http://127.1.2.3/',
    'http://2130706434/',
  ])('so is a redirect to %s', async (location) => {
    respond = (_, response) => response.writeHead(302, { location }).end();
    await expect(run(settings(model))).rejects.toThrow(refused);
    expect(requests).toHaveLength(1);
  });

  test.each([
    ['file:///etc/passwd', 'redirects to something that is not an http or https URL'],
    ['/again', 'redirects more than 5 times'],
  ])('a redirect to %s is refused', async (location, message) => {
    respond = (_, response) => response.writeHead(301, { location }).end();
    await expect(run(settings(model))).rejects.toThrow(message);
  });

  test.each([
    ['8.8.8.8', true],
    ['2606:4700::1111', true],
    ['10.1.2.3', false],
    ['100.64.0.1', false],
    ['172.31.255.255', false],
    ['172.32.0.0', true],
    ['0.0.0.0', false],
    ['::', false],
    ['::1', false],
    ['::ffff:10.0.0.1', false],
    ['::ffff:8.8.8.8', true],
    ['64:ff9b::8.8.8.8', true],
    ['64:ff9b::169.254.169.254', false],
    ['2002:a00:1::', false],
    ['fe80::1%eth0', false],
    ['fd12::1', false],
    ['ff02::1', false],
  ])('%s is public: %s', (address, isPublic) => {
    expect(addressFilter([])(address)).toBe(isPublic);
  });

  test('a private network that is allowed does not contain loopback and link-local addresses', () => {
    const allowed = addressFilter(['10.0.0.0/8', 'fc00::/7']);
    expect(['10.2.3.4', 'fd00::1', '::ffff:10.0.0.1'].map(allowed)).toEqual([true, true, true]);
    expect(['127.0.0.1', '169.254.169.254', '192.168.0.1', '::1'].map(allowed)).toEqual([false, false, false, false]);
  });
});

describe('credentials', () => {
  const other = createServer((request, response) => {
    requests.push(request);
    response.end(model);
  });
  afterAll(() => {
    other.close();
  });

  test('are not sent to another origin', async () => {
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const location = `http://127.0.0.1:${(other.address() as AddressInfo).port}/iris`;
    respond = (request, response) =>
      response.writeHead(307, { location: request.url === '/moved' ? location : '/moved' }).end();
    await run(settings(model, { credentials: { token: 'hush' } }));
    expect(requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer hush', 'Bearer hush', undefined]);
    other.closeAllConnections();
  });

  test('the query of a presigned URL is sent, and neither logged nor in an error', async () => {
    respond = (_, response) => response.writeHead(403).end();
    const credentials = { query: 'X-Amz-Expires=60&X-Amz-Signature=hush' };
    const error: unknown = await run(settings(model, { credentials })).catch((cause: unknown) => cause);
    expect(requests[0]!.url).toBe('/iris.tar.gz?X-Amz-Expires=60&X-Amz-Signature=hush');
    expect((error as Error).message).not.toContain('hush');
  });

  test('access keys sign the request', async () => {
    respond = serving(model);
    const keys = { accessKeyId: 'id', secretAccessKey: 'key', sessionToken: 'session' };
    await run(settings(model, { credentials: { keys }, region: 'eu-west-1' }));
    const { headers } = requests[0]!;
    expect(headers.authorization).toMatch(
      /^AWS4-HMAC-SHA256 Credential=id\/\d{8}\/eu-west-1\/s3\/aws4_request, SignedHeaders=[^,]*;x-amz-security-token, /,
    );
    expect(headers['x-amz-security-token']).toBe('session');
  });
});

test('nothing but the models is left of a download', async () => {
  const archive = archiveOf(files);
  respond = serving(archive);
  await run(settings(archive));
  expect(readdirSync(folder).sort()).toEqual(['.download', 'iris']);
  expect(readdirSync(join(folder, '.download'))).toEqual(['done']);
});
