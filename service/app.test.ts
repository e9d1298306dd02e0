import { readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { ModelJson } from '../onnx/signature/model-json.ts';
import { engineThatRuns } from './fixtures/engine.ts';
import { flower, json, models, start } from './fixtures/app.ts';

const iris = JSON.parse(readFileSync(join(models, 'iris/model.json'), 'utf8')) as Required<ModelJson>;

describe('POST /predictions', () => {
  test('returns an object for an object', async () => {
    const { request } = await start();
    const response = await request('POST', '/predictions', flower);
    expect(response.status).toBe(200);
    expect(await json(response)).toEqual({
      prediction: 'setosa',
      probabilities: {
        setosa: expect.closeTo(0.977, 3),
        versicolor: expect.closeTo(0.0227, 3),
        virginica: expect.closeTo(0, 3),
      },
      model: { name: 'iris', version: '1' },
    });
  });

  test('returns an array in the same order, with the predictions of the examples', async () => {
    const { request } = await start();
    const response = await request(
      'POST',
      '/predictions',
      iris.examples.map(({ input }) => input),
    );
    expect(((await response.json()) as { prediction: string }[]).map(({ prediction }) => prediction)).toEqual(
      iris.examples.map(({ prediction }) => prediction),
    );
  });

  test('warns about a value outside its range, and rejects it in strict mode', async () => {
    const far = { ...flower, petal_width: 99 };
    const warned = await json(await (await start()).request('POST', '/predictions', far));
    expect(warned['warnings']).toEqual([expect.objectContaining({ pointer: '#/petal_width', value: 99 })]);
    expect((await (await start({ strictRanges: true })).request('POST', '/predictions', far)).status).toBe(422);
  });

  test.each<[string, number, unknown, Record<string, string>?]>([
    ['malformed JSON', 400, '{"sepal_length": NaN}'],
    ['a missing field', 422, { ...flower, petal_width: undefined }],
    ['an unknown field', 422, { ...flower, colour: 1 }],
    ['null', 422, { ...flower, petal_width: null }],
    ['a string', 422, { ...flower, petal_width: '0.2' }],
    ['a number outside the dtype', 422, JSON.stringify(flower).replace('0.2', '1e999')],
    ['an empty array', 422, []],
    ['another type', 415, flower, { 'Content-Type': 'text/csv' }],
    ['a body over the limit', 413, ' '.repeat(10_001)],
  ])('%s is a problem of status %i, and the next good request is served', async (_, status, body, headers = {}) => {
    const { request, logs } = await start();
    const response = await request('POST', '/predictions', body, headers);
    expect(response.status).toBe(status);
    expect(response.headers.get('Content-Type')).toBe('application/problem+json');
    expect(await json(response)).toMatchObject({
      type: expect.stringMatching(/^urn:problem-type:rhizome:/),
      title: expect.any(String),
      status,
      detail: expect.any(String),
    });
    expect((await request('POST', '/predictions', flower)).status).toBe(200);
    expect(logs.map((line) => line['status'])).toEqual([status, 200]);
  });

  test('a chunked body is counted as it streams', async () => {
    const { request } = await start();
    expect((await request('POST', '/predictions', ' '.repeat(10_001), { 'Transfer-Encoding': 'chunked' })).status).toBe(
      413,
    );
    expect((await request('POST', '/predictions', flower, { 'Transfer-Encoding': 'chunked' })).status).toBe(200);
  });

  test('an internal error is a 500 without a stack trace, which goes to the log', async () => {
    const { request, logs } = await start({
      engine: engineThatRuns(() => Promise.reject(new TypeError('the session of onnx is gone'))),
    });
    const response = await request('POST', '/predictions', flower);
    expect(response.status).toBe(500);
    expect(await response.text()).not.toMatch(/session|onnx|\.ts/);
    expect(logs.find((line) => line['msg'] === 'internal error')).toHaveProperty('err.stack');
  });
});

test('a model that does not respond in time is a 504 with code `timeout` and without Retry-After', async () => {
  const { request, logs } = await start({
    engine: engineThatRuns(() => new Promise(() => undefined)),
    requestTimeoutSeconds: 0.05,
  });
  const response = await request('POST', '/predictions', flower);
  expect([response.status, response.headers.get('Retry-After')]).toEqual([504, null]);
  expect(await json(response)).toMatchObject({
    type: 'urn:problem-type:rhizome:timeout',
    status: 504,
    detail: expect.stringContaining('REQUEST_TIMEOUT_SECONDS'),
  });
  const infer = await request('POST', '/v2/models/iris/infer', {
    inputs: [{ name: 'X', datatype: 'FP32', shape: [1, 4], data: [5.1, 3.5, 1.4, 0.2] }],
  });
  expect([infer.status, infer.headers.get('Retry-After')]).toEqual([504, null]);
  expect(logs.map(({ status }) => status)).toEqual([504, 504]);
});

test('an unknown route or model is a 404, a wrong method a 405 with Allow', async () => {
  const { request } = await start();
  expect((await request('GET', '/prediction')).status).toBe(404);
  expect(await json(await request('GET', '/models/rose'))).toMatchObject({
    status: 404,
    detail: "There is no model 'rose'. Available models: iris.",
  });
  for (const [method, path, allow] of [
    ['GET', '/predictions', 'POST'],
    ['DELETE', '/models', 'GET, HEAD'],
    ['POST', '/readyz', 'GET, HEAD'],
  ] as const) {
    const response = await request(method, path);
    expect([response.status, response.headers.get('Allow')]).toEqual([405, allow]);
  }
  expect((await request('HEAD', '/livez')).status).toBe(200);
});

describe('readiness', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'rhizome-models-'));
  });
  afterEach(() => rm(dir, { recursive: true }));

  test('is reached when every model has reproduced its examples', async () => {
    const { request } = await start();
    const response = await request('GET', '/readyz');
    expect(response.status).toBe(200);
    expect(await json(response)).toEqual({
      status: 'ready',
      checks: [
        { name: 'listener', ok: true, detail: expect.any(String) },
        { name: 'repository', ok: true, detail: expect.any(String) },
        { name: 'model/iris', ok: true, detail: '3 examples reproduced.' },
      ],
    });
  });

  test('is never reached without a model', async () => {
    for (const load of [false, true]) {
      const { request } = await start({ dir, load });
      const ready = await request('GET', '/readyz');
      expect(ready.status).toBe(503);
      expect(await ready.text()).not.toContain(dir);
      expect((await request('POST', '/predictions', flower)).status).toBe(503);
      expect((await request('GET', '/livez')).status).toBe(200);
    }
  });

  test('is never reached if a model cannot be loaded, even if others can', async () => {
    await cp(join(models, 'iris'), join(dir, 'iris'), { recursive: true });
    await mkdir(join(dir, 'broken'));
    await writeFile(join(dir, 'broken/model.onnx'), 'x');
    const { request } = await start({ dir });
    const response = await request('GET', '/readyz');
    expect(response.status).toBe(503);
    const health = await json(response);
    expect(health['checks']).toContainEqual({
      name: 'model/broken',
      ok: false,
      detail: expect.stringMatching(/^broken\/model.onnx cannot be served/),
      final: true,
    });
    // Anyone may request a probe.
    expect(JSON.stringify(health)).not.toContain(dir);
    expect(await json(await request('GET', '/models'))).toMatchObject({
      models: [
        { name: 'broken', state: 'failed' },
        { name: 'iris', state: 'loaded' },
      ],
    });
  });

  test('is never reached if a model does not reproduce its examples', async () => {
    await cp(join(models, 'iris'), join(dir, 'iris'), { recursive: true });
    const wrong = { ...iris, examples: [{ ...iris.examples[0], prediction: 'virginica' }] };
    await writeFile(join(dir, 'iris/model.json'), JSON.stringify(wrong));
    const { request } = await start({ dir });
    const response = await request('GET', '/readyz');
    expect(response.status).toBe(503);
    expect((await json(response))['checks']).toContainEqual({
      name: 'model/iris',
      ok: false,
      detail: expect.stringContaining("expected 'virginica', predicted 'setosa'"),
      final: true,
    });
  });
});

test('draining: ready, each response closes its connection; closing: not ready, but served; closed: 503', async () => {
  const { request, lifecycle } = await start();
  const seen: unknown[] = [];
  for (const phase of ['serving', 'draining', 'closing', 'closed'] as const) {
    lifecycle.advance(phase);
    const answer = await request('POST', '/predictions', flower);
    seen.push([
      phase,
      answer.status,
      answer.headers.get('Connection'),
      (await request('GET', '/readyz')).status,
      answer.headers.get('Retry-After'),
    ]);
  }
  expect(seen).toEqual([
    ['serving', 200, null, 200, null],
    ['draining', 200, 'close', 200, null],
    ['closing', 200, 'close', 503, null],
    ['closed', 503, 'close', 503, '1'],
  ]);
});

test('with an API key, requests need it, but probes, metrics and documentation do not', async () => {
  const { request } = await start({ apiKey: 'correct-horse' });
  const status = async (authorization?: string) =>
    (await request('POST', '/predictions', flower, authorization ? { Authorization: authorization } : {})).status;
  expect(await status()).toBe(401);
  expect(await status('Bearer wrong')).toBe(401);
  expect(await status('Basic correct')).toBe(401);
  expect((await request('POST', '/predictions', flower, { Authorization: 'Bearer correct-horse' })).status).toBe(200);
  expect((await request('GET', '/models')).status).toBe(401);
  expect((await request('POST', '/predictions', flower)).headers.get('WWW-Authenticate')).toBe('Bearer');
  for (const path of ['/livez', '/readyz', '/metrics', '/openapi.json', '/docs'])
    expect((await request('GET', path)).status).toBe(200);
  expect(await json(await request('GET', '/openapi.json'))).toHaveProperty('components.securitySchemes.apiKey');
});

test('with two API keys, one a line, requests may use either, and nothing else', async () => {
  const { request } = await start({ apiKey: 'old-key\nnew-key' });
  const status = async (key: string) =>
    (await request('GET', '/models', undefined, { Authorization: `Bearer ${key}` })).status;
  expect([
    await status('old-key'),
    await status('new-key'),
    await status('old-key\\nnew-key'),
    await status('-'),
  ]).toEqual([200, 200, 401, 401]);
});

test('with publicDocs: false, the documentation needs the API key too', async () => {
  const { request } = await start({ apiKey: 'correct-horse', publicDocs: false });
  const authorization = { Authorization: 'Bearer correct-horse' };
  for (const path of ['/openapi.json', '/docs', '/docs/start.js']) {
    expect((await request('GET', path)).status).toBe(401);
    expect((await request('GET', path, undefined, authorization)).status).toBe(200);
  }
  const open = await start({ publicDocs: false });
  expect((await open.request('GET', '/openapi.json')).status).toBe(200);
});

test('the request id comes from X-Request-Id or traceparent, or is generated; it is returned and logged', async () => {
  const { request, logs } = await start();
  const id = async (headers: Record<string, string>) =>
    (await request('POST', '/predictions', flower, headers)).headers.get('X-Request-Id');
  expect(await id({ 'X-Request-Id': 'abc-1' })).toBe('abc-1');
  expect(await id({ traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' })).toBe(
    '0af7651916cd43dd8448eb211c80319c',
  );
  expect(await id({})).toMatch(/^[0-9a-f-]{36}$/);
  expect(logs).toHaveLength(3);
  expect(logs[0]).toMatchObject({
    msg: 'request',
    request_id: 'abc-1',
    method: 'POST',
    path: '/predictions',
    status: 200,
    model: 'iris',
  });
  expect((await request('GET', '/nowhere', undefined, { 'X-Request-Id': 'abc-2' })).headers.get('X-Request-Id')).toBe(
    'abc-2',
  );
});

test('/metrics counts by route, code and model', async () => {
  const { request } = await start();
  await request('POST', '/predictions', flower);
  await request('POST', '/predictions', '{');
  await request('GET', '/livez');
  await request('GET', '/a/path/of/a/scanner');
  const response = await request('GET', '/metrics');
  expect(response.headers.get('Content-Type')).toMatch(/^text\/plain; version=0\.0\.4/);
  const text = await response.text();
  for (const line of [
    'rhizome_requests_total{protocol="http",route="/predictions",model="iris",code="200"} 1',
    'rhizome_requests_total{protocol="http",route="/predictions",model="iris",code="400"} 1',
    'rhizome_requests_total{protocol="http",route="/livez",model="",code="200"} 1',
    'rhizome_requests_total{protocol="http",route="none",model="",code="404"} 1',
    'rhizome_request_duration_seconds_count{protocol="http",route="/predictions",model="iris"} 2',
    'rhizome_inference_duration_seconds_count{model="iris"} 1',
    'rhizome_requests_in_flight{protocol="http"} 1',
    'process_cpu_user_seconds_total',
  ])
    expect(text).toContain(line);
  expect(text).not.toContain('scanner');
});

test('/models lists what is served', async () => {
  const { request } = await start();
  expect(await json(await request('GET', '/models'))).toEqual({
    default: 'iris',
    models: [
      {
        name: 'iris',
        version: '1',
        default: true,
        state: 'loaded',
        task: 'classifier',
        verified: true,
        load_seconds: expect.any(Number),
      },
    ],
  });
  const { features, classes, metrics, examples } = iris;
  expect(await json(await request('GET', '/models/iris'))).toMatchObject({
    name: 'iris',
    version: '1',
    task: 'classifier',
    classes,
    metrics,
    examples,
    features: features.map(({ distribution, ...feature }) => ({ ...feature, dtype: 'float32' })),
  });
});

describe('/openapi.json', () => {
  test('describes each feature with its unit and range, which is a bound in strict mode only', async () => {
    const property = async (strictRanges: boolean) =>
      (
        (await json(await (await start({ strictRanges })).request('GET', '/openapi.json'))) as {
          components: { schemas: { IrisFeatures: { properties: { petal_width: object } } } };
        }
      ).components.schemas.IrisFeatures.properties.petal_width;
    expect(await property(false)).toMatchObject({
      type: ['number', 'string'],
      'x-unit': 'cm',
      'x-valid-range': [0.1, 2.5],
      maximum: expect.closeTo(3.4e38, -37),
    });
    expect(await property(true)).toMatchObject({ minimum: 0.1, maximum: 2.5 });
  });

  test('its schemas match what the service accepts, rejects and returns', async () => {
    const { request } = await start();
    const document = await json(await request('GET', '/openapi.json'));
    const ajv = new Ajv2020({ strict: false, allErrors: true });
    addFormats.default(ajv);
    ajv.addSchema(document, 'openapi');
    const validates = (schema: string, value: unknown) =>
      ajv.validate({ $ref: `openapi#/components/schemas/${schema}` }, value);
    expect(validates('IrisFeatures', flower)).toBe(true);
    for (const bad of [{ ...flower, extra: 1 }, { ...flower, petal_width: '1' }, { sepal_length: 1 }])
      expect(validates('IrisFeatures', bad)).toBe(false);
    expect(validates('IrisPrediction', await json(await request('POST', '/predictions', flower)))).toBe(true);
    expect(
      validates('IrisPrediction', await json(await request('POST', '/predictions', { ...flower, petal_width: 9 }))),
    ).toBe(true);
    expect(validates('Problem', await json(await request('POST', '/predictions', { ...flower, extra: 1 })))).toBe(true);
    expect(validates('Health', await json(await request('GET', '/readyz')))).toBe(true);
    expect(validates('Models', await json(await request('GET', '/models')))).toBe(true);
    expect(validates('Model', await json(await request('GET', '/models/iris')))).toBe(true);
    expect(validates('V2ModelConfig', await json(await request('GET', '/v2/models/iris/config')))).toBe(true);
    expect(validates('V2Statistics', await json(await request('GET', '/v2/models/stats')))).toBe(true);
  });
});

test('without public probes, this port has neither probes nor metrics, and the documents omit them', async () => {
  const { request } = await start({ publicProbes: false });
  for (const path of ['/livez', '/readyz', '/metrics']) {
    const response = await request('GET', path);
    expect(response.status).toBe(404);
    expect((await json(response))['detail']).toBe(
      `${path} is served at the port MANAGEMENT_PORT. With PUBLIC_PROBES=true, this port serves it too.`,
    );
  }
  for (const path of ['/v2/health/live', '/v2/health/ready']) expect((await request('GET', path)).status).toBe(200);
  const document = await json(await request('GET', '/openapi.json'));
  const { paths, tags, components } = document as unknown as Record<'paths' | 'components', Record<string, object>> & {
    tags: { name: string }[];
  };
  expect(Object.keys(paths).filter((path) => /livez|readyz|^.metrics|health/.test(path))).toEqual([
    '/v2/health/live',
    '/v2/health/ready',
  ]);
  expect(tags.map(({ name }) => name)).not.toContain('operations');
  expect(components['schemas']).not.toHaveProperty('Health');
  expect(components['schemas']).not.toHaveProperty('Check');
});

test('/docs loads everything from the same server', async () => {
  const { request } = await start();
  const page = await (await request('GET', '/docs')).text();
  expect(page).not.toMatch(/https?:\/\//);
  for (const [, asset] of page.matchAll(/(?:src|href)="(docs\/[^"]+)"/g))
    expect((await request('GET', `/${asset!}`)).status).toBe(200);
});
