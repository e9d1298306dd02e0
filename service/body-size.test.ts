import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { floatsOf, modelOf, nodeOf } from '../onnx/fixtures/hostile.ts';
import { GRAPH } from '../onnx/graph/field-numbers.ts';
import type { ModelDescription, Problem } from './contract/index.ts';
import { resolveImage } from '../onnx/signature/image.ts';
import type { TensorSpec } from '../onnx/signature/tensor-spec.ts';
import { adviceFor, fittingBodyBytes, rowBytes, warningFor, type RowBytes } from './inference/repository/body-size.ts';
import { startService, type ServiceProcess } from './fixtures/process.ts';

// The largest body is what one row of the largest model takes as JSON, and no more than 16 MiB.

/** The sides of the images that the models take. */
const sides = { photo: 224, large: 500 };
let dir: string;
let service: ServiceProcess;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rhizome-bodies-'));
  for (const [name, side] of Object.entries(sides)) await add(name, ['N', 3, side, side]);

  await cp(join(import.meta.dirname, '../models/iris'), join(dir, 'iris'), { recursive: true });
  service = await startService(dir, { MAX_BATCH: '1' });
});
afterAll(async () => {
  expect([await service.stop(), service.errors()]).toEqual([0, '']);
  await rm(dir, { recursive: true });
});

async function add(name: string, shape: readonly (number | string)[]): Promise<void> {
  await mkdir(join(dir, name));
  const graph = [
    nodeOf('GlobalAveragePool', ['image'], ['means']),
    floatsOf(GRAPH.input, 'image', shape),
    floatsOf(GRAPH.output, 'means', ['N', 3, 1, 1]),
  ];
  await writeFile(join(dir, name, 'model.onnx'), modelOf(graph));
}

const image = (side: number): unknown =>
  Array.from({ length: 3 }, (_, channel) =>
    Array.from({ length: side }, (_, y) =>
      Array.from({ length: side }, (_, x) => Math.fround(-2.1179 + (channel + y + x) / 700)),
    ),
  );

function post(path: string, body: string | Uint8Array, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${service.url}${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: body as string,
  });
}

test('one image fits as JSON; a larger one does in binary; a warning names each model that does not fit', async () => {
  const { serving } = (await (await fetch(`${service.url}/models/iris`)).json()) as ModelDescription;
  expect(serving.max_body_bytes).toBe(16 * 2 ** 20);

  const photo = JSON.stringify({ image: image(sides.photo) });
  expect(photo.length).toBeGreaterThan(2e6);
  const response = await post('/models/photo/predictions', photo);
  expect([response.status, await response.json()]).toMatchObject([200, { outputs: { means: expect.any(Array) } }]);

  const bytes = 4 * 3 * sides.large ** 2;
  const head = JSON.stringify({
    inputs: [
      {
        name: 'image',
        datatype: 'FP32',
        shape: [1, 3, sides.large, sides.large],
        parameters: { binary_data_size: bytes },
      },
    ],
  });
  const binary = await post('/v2/models/large/infer', Buffer.concat([Buffer.from(head), Buffer.alloc(bytes)]), {
    'Content-Type': 'application/octet-stream',
    'Inference-Header-Content-Length': String(head.length),
  });
  expect([binary.status, await binary.json()]).toMatchObject([200, { outputs: [{ data: [0, 0, 0] }] }]);

  const warnings = service.firstLogs.filter(({ msg }) => /does not fit/.test(String(msg)));
  expect(warnings).toMatchObject([
    { level: 'warn', model: 'large', msg: expect.stringContaining('or send it in binary'), max_body_bytes: 2 ** 24 },
  ]);
});

test('the advice about a body that is too large depends on the model', async () => {
  const body = ' '.repeat(16 * 2 ** 20 + 1);
  const detailOf = async (path: string, headers = {}): Promise<string> => {
    const response = await post(path, body, headers);
    expect(response.status).toBe(413);
    const { detail, error } = (await response.json()) as Partial<Problem> & { error?: string };
    return (detail ?? error ?? '').replace('The body is larger than 16777216 bytes (MAX_BODY_BYTES). ', '');
  };
  expect(await detailOf('/models/iris/predictions')).toBe('Send fewer rows per request.');
  expect(await detailOf('/models/photo/predictions')).toBe('Send fewer rows per request.');
  expect(await detailOf('/models/large/predictions')).toBe(
    'One row has about 17.2 MiB as JSON. Send it in binary to /v2/models/large/versions/1/infer, ' +
      'or set a larger MAX_BODY_BYTES.',
  );
  expect(await detailOf('/v2/models/large/infer')).toMatch(/^Send the tensors in binary/);

  expect(await detailOf('/models/none/predictions')).toMatch(/^Send less in one request, or set/);
});

test('the size of a row is that of the fixed dimensions of all inputs', () => {
  const rowOf = (...shapes: readonly (readonly (number | string)[])[]): RowBytes => {
    const inputs = shapes.map((shape, index): TensorSpec => ({ name: `i${index}`, dtype: 'float32', shape }));
    return rowBytes({ inputs, features: [] });
  };
  const small = rowOf(['N', 4]);
  expect(small.json).toBeLessThan(2000);
  expect(rowOf(['N', 4], [1, 1000]).json).toBe(small.json + 24_000);
  const huge = rowOf(['N', 3, 1200, 1200]);
  expect(huge.binary).toBeGreaterThan(2 ** 24);
  expect(adviceFor(huge, 2 ** 24, '/', false)).toBe('One row does not fit: set a larger MAX_BODY_BYTES.');
  const open = rowBytes({ inputs: [], features: [{ name: 'i', input: 'i', dtype: 'uint8', shape: ['h', 'w'] }] });
  expect(adviceFor(open, 2 ** 24, '/', true)).toMatch(/^Send fewer or smaller rows per request, or set/);
  const photo = rowOf(['N', 3, 224, 224]);
  expect([[], [small], [photo, small], [huge, photo]].map((rows) => fittingBodyBytes(rows))).toEqual(
    [1, 1, 4, 16].map((mebibytes) => mebibytes * 2 ** 20),
  );
  // MAX_IN_FLIGHT_BYTES has room for two.
  expect(fittingBodyBytes([huge], 3e6)).toBe(3e6);
});

test('the warning about images that do not fit is about images', () => {
  const input = { name: 'i', dtype: 'uint8', shape: ['N', 3, 8, 8] } as const;
  const warningOf = (mebibytes: number): string | undefined => {
    const image = resolveImage({ ...input, shape: [3, 8, 8] }, { maxBytes: mebibytes * 2 ** 20 });
    const features = [{ name: 'i', input: 'i', dtype: input.dtype, shape: [3, 8, 8], decode: { image } }];
    return warningFor(rowBytes({ inputs: [input], features }), 2 ** 24);
  };
  expect(warningOf(8)).toBeUndefined();
  expect(warningOf(14)).toMatch(/^the largest images .* in base64: send them as the body or a form, or set/);
  expect(warningOf(20)).toMatch(/do not fit into a request: set a larger MAX_BODY_BYTES, or a smaller "maxBytes"$/);
});

test('a large body has few objects, arrays and texts: they would take many times its memory', async () => {
  for (const part of ['{},', '[],', '"a",', '{"a":"\\"{"},', '0,']) {
    for (const path of ['/models/iris/predictions', '/v2/models/iris/infer']) {
      const response = await post(path, `[${part.repeat(9e6 / part.length)}1]`);
      expect([response.status, await response.text()]).toEqual([413, expect.stringContaining('objects and texts')]);
    }
  }
  // Brackets in a text are characters.
  const response = await post('/models/iris/predictions', JSON.stringify({ a: '[{'.repeat(2e6) }));
  expect(response.status).toBe(422);
});
