import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PredictionResponse, Problem } from './contract/index.ts';
import { start, type Started } from './fixtures/app.ts';

const pictures = join(import.meta.dirname, '../onnx/decode/image/fixtures');
const picture = (name: string): Buffer => readFileSync(join(pictures, name));
const base64 = (name: string): string => picture(name).toString('base64');

let app: Started;
beforeAll(async () => {
  app = await start({ dir: join(import.meta.dirname, 'fixtures/images'), maxBodyBytes: 2 ** 20 });
});
afterAll(() => app.repository.release());

const send = (body: unknown, headers?: Record<string, string>): Promise<Response> =>
  app.request('POST', '/predictions', body, headers);
const sendImage = (name: string, type: string): Promise<Response> => send(picture(name), { 'Content-Type': type });
const problemOf = async (response: Promise<Response>): Promise<Problem> => (await response).json() as Promise<Problem>;

const brown = {
  prediction: 'red',
  probabilities: { red: expect.closeTo(0.882, 2), bright: expect.closeTo(0.109, 2) },
  model: { name: 'colors', version: '1' },
};

test.each([
  ['photo.jpg', 'image/jpeg'],
  ['pixel.png', 'image/png'],
  ['lossy.webp', 'image/webp'],
  // What it is counts, not what it is called.
  ['photo.jpg', 'image/png'],
])('an image is a body: %s as %s', async (name, type) => {
  const response = await sendImage(name, type);
  expect(response.status).toBe(200);
  const { prediction, probabilities = {} } = (await response.json()) as PredictionResponse;
  expect(Object.keys(probabilities)[0]).toBe(prediction);
  expect(Object.keys(probabilities)).toHaveLength(2);
});

test('JSON, a data URL, columns, a form and a body that is the image have the same prediction', async () => {
  const image = base64('pixel.png');
  expect(await (await sendImage('pixel.png', 'image/png')).json()).toEqual(brown);
  expect(await (await send({ image })).json()).toEqual(brown);
  expect(await (await send([{ image: `data:image/png;base64,${image}` }, { image }])).json()).toEqual([brown, brown]);
  expect(await (await send({ columns: { image: [image] } })).json()).toEqual([brown]);
  const form = new FormData();
  form.append('image', new Blob([picture('pixel.png')]), 'brown "one".png');
  const request = new Request('http://localhost', { method: 'POST', body: form });
  const type = request.headers.get('Content-Type') ?? '';
  expect(await (await send(Buffer.from(await request.arrayBuffer()), { 'Content-Type': type })).json()).toEqual(brown);
});

test.each([
  ['animated.webp', 'The image is animated.', 'a JPEG, PNG or WebP of one frame'],
  ['animated.png', 'The image is animated.', 'a JPEG, PNG or WebP of one frame'],
  ['cmyk.jpg', 'The colors of the image are CMYK.', 'an image in RGB or gray'],
  ['bomb.png', 'The image has 6000 × 6000 pixels.', 'at most 1000000 pixels'],
])('%s is refused', async (name, detail, expected) => {
  const response = sendImage(name, 'image/png');
  expect((await response).status).toBe(422);
  expect((await problemOf(sendImage(name, 'image/png'))).errors).toEqual([{ pointer: '#/image', detail, expected }]);
});

test.each([
  ['a GIF', Buffer.from('GIF89a')],
  ['an SVG', Buffer.from('<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>')],
  ['a PDF', Buffer.from('%PDF-1.7')],
  ['a HEIC', Buffer.from('\0\0\0\x18ftypheic')],
  ['not an image', Buffer.from('hello')],
  ['not an image', Buffer.alloc(100)],
])('%s is not decoded', async (what, body) => {
  const { errors } = await problemOf(send(body, { 'Content-Type': 'image/jpeg' }));
  expect(errors).toEqual([{ pointer: '#/image', detail: `It is ${what}.`, expected: 'a JPEG, PNG or WebP' }]);
});

test.each(['photo.jpg', 'rgb.png', 'lossy.webp'])('a part of %s is refused', async (name) => {
  const whole = picture(name);
  for (const length of [whole.length - 100, Math.floor(whole.length / 2), 40]) {
    const { status, errors = [] } = await problemOf(send(whole.subarray(0, length), { 'Content-Type': 'image/jpeg' }));
    expect([length, status, errors[0]?.detail]).toEqual([
      length,
      422,
      expect.stringContaining('The image is damaged or incomplete: '),
    ]);
  }
});

test('an image of whose damage nothing is known is refused as damaged', async () => {
  // The checksum of its header is wrong.
  const body = picture('pixel.png').fill(0, 29, 33);
  const { errors } = await problemOf(send(body, { 'Content-Type': 'image/png' }));
  expect(errors?.[0]?.detail).toBe('The image is damaged or incomplete.');
});

test('every invalid image of a request is named', async () => {
  const image = base64('pixel.png');
  const { detail, errors } = await problemOf(
    send([{ image: 'no base64!' }, { image }, { image: '' }, { image: base64('cmyk.jpg') }]),
  );
  expect(detail).toBe('3 fields are invalid.');
  expect(errors?.map(({ pointer, detail: why }) => `${pointer} ${why}`).sort()).toEqual([
    '#/0/image The text is not base64.',
    '#/2/image The file is empty.',
    '#/3/image The colors of the image are CMYK.',
  ]);
  expect((await problemOf(send({ columns: { image: [image, ''] } }))).errors?.[0]?.pointer).toBe('#/columns/image/1');
  expect((await problemOf(send({ image: 1 }))).errors).toEqual([
    {
      pointer: '#/image',
      detail: 'Got a number.',
      value: 1,
      expected: 'an image (JPEG, PNG or WebP) of at most 100000 bytes, in base64',
    },
  ]);
});

test('an image file that is too large is refused, and a body of another type', async () => {
  const { errors } = await problemOf(send(Buffer.alloc(100_001), { 'Content-Type': 'image/png' }));
  expect(errors?.[0]).toMatchObject({ detail: 'The image has 100001 bytes.', expected: 'at most 100000 bytes' });
  const other = send(picture('photo.jpg'), { 'Content-Type': 'image/gif' });
  expect((await other).status).toBe(415);
  expect((await problemOf(send('x', { 'Content-Type': 'image/gif' }))).detail).toBe(
    "The Content-Type is 'image/gif'. Send a JPEG, PNG or WebP with its own type, such as image/jpeg; or " +
      'multipart/form-data; or JSON.',
  );
});

test.each([
  ['no boundary', 'multipart/form-data', '', 'its Content-Type has no boundary'],
  ['another start', 'multipart/form-data; boundary=b', 'x', 'it has no line --b'],
  ['no end', 'multipart/form-data; boundary=b', '--b\r\n\r\n', 'it ends before its last boundary'],
  ['no name', 'multipart/form-data; boundary="b"', '--b\r\nA: b\r\n\r\nx\r\n--b--', 'a part has no name'],
])('a form with %s is refused', async (_, type, body, why) => {
  const problem = await problemOf(send(Buffer.from(body), { 'Content-Type': type }));
  expect(problem).toMatchObject({
    type: 'urn:problem-type:rhizome:invalid-multipart',
    status: 400,
    detail: `The body is not valid multipart/form-data: ${why}.`,
  });
});

test('a media type in capital letters is the same', async () => {
  expect(await (await sendImage('pixel.png', 'Image/PNG')).json()).toEqual(brown);
  const form = Buffer.concat([
    Buffer.from('--b\r\nContent-Disposition: form-data; name="image"\r\n\r\n'),
    picture('pixel.png'),
    Buffer.from('\r\n--b--'),
  ]);
  expect(await (await send(form, { 'Content-Type': 'Multipart/Form-Data; Boundary=b' })).json()).toEqual(brown);
});

test('fields of a form that are unknown or repeated are refused', async () => {
  const part = (name: string): string => `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n1\r\n`;
  const form = (...names: string[]): Promise<Problem> =>
    problemOf(
      send(Buffer.from(`${names.map(part).join('')}--b--`), { 'Content-Type': 'multipart/form-data; boundary=b' }),
    );
  expect((await form('imag')).errors).toMatchObject([
    { pointer: '#/image', detail: 'The field is missing.' },
    { pointer: '#/imag', detail: "Unknown field. Did you mean 'image'?" },
  ]);
  expect((await form('image', 'image')).errors).toEqual([{ pointer: '#/image', detail: 'The field is repeated.' }]);
});

test('the model says that its feature is an image, and what a request may be', async () => {
  const model = (await (await app.request('GET', '/models/colors')).json()) as object;
  expect(model).toMatchObject({
    task: 'classifier',
    classes: ['red', 'green', 'blue', 'bright'],
    features: [
      {
        name: 'image',
        shape: [3, 32, 32],
        decode: { image: { resize: [32, 32], crop: [32, 32], color: 'RGB', layout: 'NCHW', scale: 255 } },
      },
    ],
    input_schema: { properties: { image: { type: 'string', contentEncoding: 'base64' } } },
  });
  const document = (await (await app.request('GET', '/openapi.json')).json()) as {
    paths: Record<string, { post: { requestBody: { content: object } } }>;
  };
  expect(Object.keys(document.paths['/predictions']!.post.requestBody.content)).toEqual([
    'application/json',
    'image/jpeg',
    'image/png',
    'image/webp',
    'multipart/form-data',
  ]);
});

test('how long decoding takes is a metric of models that decode', async () => {
  const count = async (): Promise<number> => {
    const text = await (await app.request('GET', '/metrics')).text();
    return Number(/^rhizome_decode_duration_seconds_count\{model="colors"\} (\d+)$/m.exec(text)?.[1] ?? 0);
  };
  const before = await count();
  await sendImage('pixel.png', 'image/png');
  await sendImage('cmyk.jpg', 'image/jpeg');
  expect((await count()) - before).toBe(2);
});
