/** Tokens at the service itself: over Node's server, Hono and gRPC, with a real key server. */
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { createClient } from '../../client/index.ts';
import { metric } from '../fixtures/metric.ts';
import { startService, type ServiceProcess } from '../fixtures/process.ts';
import { protos, TestClient } from '../grpc/fixtures/server.ts';
import { audience, issuer, SigningKey, TestKeyServer } from './fixtures/issuer.ts';

const key = new SigningKey('1');
const flower = { sepal_length: 5.1, sepal_width: 3.5, petal_length: 1.4, petal_width: 0.2 };
const tensors = {
  model_name: 'iris',
  inputs: [{ name: 'X', datatype: 'FP32', shape: ['1', '4'], contents: { fp32_contents: [5.1, 3.5, 1.4, 0.2] } }],
};

let models: string;
let keyServer: TestKeyServer;
let service: ServiceProcess;
beforeAll(async () => {
  models = await mkdtemp(join(tmpdir(), 'rhizome-tokens-'));
  for (const name of ['iris', 'other'])
    await cp(join(import.meta.dirname, '../../models/iris'), join(models, name), { recursive: true });
  await rm(join(models, 'other/model.json'));
  keyServer = await new TestKeyServer([key.jwk]).listen();
  service = await startService(models, {
    GRPC_PORT: '0',
    API_KEY: 'machine-key',
    JWT_ISSUER: issuer,
    JWT_AUDIENCE: audience,
    JWT_JWKS_URL: keyServer.url,
    JWT_ALGORITHMS: 'ES256',
  });
});
afterAll(async () => {
  await service.stop();
  keyServer.close();
  await rm(models, { recursive: true });
});

const predict = (path: string, token?: string): Promise<Response> =>
  fetch(`${service.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify(flower),
  });
const answer = async (path: string, token?: string): Promise<unknown> => {
  const response = await predict(path, token);
  const { type, error } = (await response.json()) as { readonly type?: string; readonly error?: string };
  return [response.status, type?.split(':').at(-1) ?? error, response.headers.get('www-authenticate')];
};

test.each(['/models/iris/predictions', '/models/%69ris/predictions', '/v2/models/iris/infer'])(
  'a request to %s needs a token with its scope',
  async (path) => {
    const isInference = path.startsWith('/v2');
    const ok = isInference ? 422 : 200;
    for (const scope of ['predict:iris', 'predict:*'])
      expect((await predict(path, key.token({ scope }))).status).toBe(ok);
    expect(await answer(path)).toEqual([
      401,
      isInference ? expect.stringContaining('requires a token') : 'unauthorized',
      'Bearer',
    ]);
    expect(await answer(path, key.token({ aud: 'others' }))).toEqual([
      401,
      isInference ? expect.stringContaining('another audience') : 'unauthorized',
      'Bearer error="invalid_token"',
    ]);
    expect(await answer(path, key.token({ scope: 'predict:other' }))).toEqual([
      403,
      isInference ? expect.stringContaining("the model 'iris'") : 'forbidden',
      'Bearer error="insufficient_scope", scope="predict:iris"',
    ]);
    expect((await predict(path, 'machine-key')).status).toBe(ok);
    expect((await predict(path, 'wrong-key')).status).toBe(401);
  },
);

test('descriptions need a token, and probes, metrics and documentation need none', async () => {
  const status = async (path: string, token?: string): Promise<number> =>
    (await fetch(`${service.url}${path}`, { headers: token ? { authorization: `Bearer ${token}` } : {} })).status;
  for (const path of ['/models', '/models/iris', '/v2/models/iris']) {
    expect(await status(path)).toBe(401);
    expect(await status(path, key.token({ scope: undefined }))).toBe(200);
  }
  for (const path of ['/livez', '/readyz', '/metrics', '/openapi.json']) expect(await status(path)).toBe(200);
});

test('the OpenAPI document says which scope a route needs', async () => {
  const document = (await (await fetch(`${service.url}/openapi.json`)).json()) as object;
  expect(document).toMatchObject({
    security: [{ apiKey: [] }, { token: [] }],
    components: { securitySchemes: { apiKey: {}, token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } } },
  });
  for (const path of ['/models/iris/predictions', '/v2/models/iris/infer'])
    expect(document).toHaveProperty(
      ['paths', path, 'post'],
      expect.objectContaining({
        security: [{ apiKey: [] }, { token: ['predict:iris'] }],
        responses: expect.objectContaining({ 401: expect.anything(), 403: expect.anything() }) as object,
      }),
    );
});

test('calls over gRPC need a token with the scope, too', async () => {
  const call = async (
    token: string | undefined,
    method = 'ModelInfer',
    request: object = tensors,
  ): Promise<unknown> => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const client = new TestClient(service.grpcAddress, protos.inference, headers);
    try {
      return await client.call(method, request);
    } catch (error) {
      return (error as { readonly code: number }).code;
    } finally {
      client.close();
    }
  };
  for (const token of [key.token(), key.token({ scope: 'predict:iris' }), 'machine-key'])
    expect(await call(token)).toMatchObject({ model_name: 'iris' });
  expect(await call(undefined)).toBe(status.UNAUTHENTICATED);
  expect(await call(key.unsigned())).toBe(status.UNAUTHENTICATED);
  expect(await call(key.token({ scope: 'predict:other' }))).toBe(status.PERMISSION_DENIED);
  expect(await call(key.token({ scope: undefined }), 'RepositoryIndex', {})).toMatchObject({ models: [{}, {}] });
  expect(await call(undefined, 'ServerReady', {})).toEqual({ ready: true });
});

test('the client asks for a token before each request', async () => {
  let scope = 'predict:other';
  const client = createClient({
    url: service.url,
    apiKey: () => Promise.resolve(key.token({ scope })),
  });
  await expect(client.predict('iris', flower)).rejects.toMatchObject({ status: 403, code: 'forbidden' });
  scope = 'predict:iris';
  expect(await client.predict('iris', flower)).toMatchObject({ model: { name: 'iris' } });
});

test('metrics say whether the keys can be fetched', async () => {
  expect(await metric(service, 'rhizome_token_key_fetches_total{result="ok"}')).toBeGreaterThan(0);
  expect(await metric(service, 'rhizome_token_key_fetches_total{result="failed"}')).toBe(0);
  expect(await metric(service, 'rhizome_token_key_age_seconds')).toBeLessThan(600);
});

test('the service is ready without the key server, and refuses tokens until it responds', async () => {
  const other = await startService(models, {
    ...{ JWT_ISSUER: issuer, JWT_AUDIENCE: audience, JWT_JWKS_URL: 'http://127.0.0.1:1/jwks' },
  });
  const response = await fetch(`${other.url}/models`, { headers: { authorization: `Bearer ${key.token()}` } });
  expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
  expect((await fetch(`${other.url}/readyz`)).status).toBe(200);
  expect(await metric(other, 'rhizome_token_key_fetches_total{result="failed"}')).toBeGreaterThan(0);
  expect(other.firstLogs.map(({ msg }) => msg)).toContain('The keys of tokens cannot be fetched');
  await other.stop();
});
