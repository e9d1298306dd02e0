/** Texts in, embeddings out: over HTTP, with the real runtime. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { json, start, type Started } from './fixtures/app.ts';

const fixtures = join(import.meta.dirname, '../onnx/decode/text/fixtures');
/** What Python makes of the texts: `tokenizers`, `onnxruntime` and `numpy`. */
const { texts, embeddings } = JSON.parse(readFileSync(join(fixtures, 'embeddings-expected.json'), 'utf8')) as {
  readonly texts: readonly string[];
  readonly embeddings: readonly (readonly number[])[];
};
const path = '/models/sentences/predictions';

let app: Started;
beforeAll(async () => {
  app = await start({ dir: fixtures, maxBodyBytes: 2 ** 20 });
});

interface Embedded {
  readonly outputs: { readonly last_hidden_state: readonly number[] };
}

/** Returns how far an embedding is from Python's, in its worst element. */
const distance = ({ outputs }: Embedded, index: number): number =>
  Math.max(...(embeddings[index] ?? []).map((value, at) => Math.abs(value - (outputs.last_hidden_state[at] ?? NaN))));

test('fifty texts have the embeddings that Python gives them, alone and together', async () => {
  const response = await app.request(
    'POST',
    path,
    texts.map((text) => ({ text })),
  );
  expect(response.status).toBe(200);
  const together = (await response.json()) as Embedded[];
  expect(together).toHaveLength(texts.length);
  expect(Math.max(...together.map(distance))).toBeLessThan(3e-6);
  const alone = (await (await app.request('POST', path, { text: texts[3] })).json()) as Embedded;
  expect(distance(alone, 3)).toBeLessThan(3e-6);
  const columns = (await (await app.request('POST', path, { columns: { text: texts } })).json()) as Embedded[];
  expect(Math.max(...columns.map(distance))).toBeLessThan(3e-6);
});

test('requests at the same time share runs, and each gets its own embedding', async () => {
  const responses = await Promise.all(texts.map((text) => app.request('POST', path, { text })));
  const found = await Promise.all(responses.map(async (response) => (await response.json()) as Embedded));
  expect(Math.max(...found.map(distance))).toBeLessThan(3e-6);
});

test('only the first tokens of a long text count', async () => {
  const long = await app.request('POST', path, { text: 'the model '.repeat(50_000) });
  const short = await app.request('POST', path, { text: 'the model '.repeat(32) });
  expect([long.status, short.status]).toEqual([200, 200]);
  expect(await long.json()).toEqual(await short.json());
});

test.each<[string, unknown, string, string]>([
  ['a number', { text: 5 }, '#/text', 'Got a number.'],
  ['null', { text: null }, '#/text', 'Got null.'],
  ['half of a character', { text: '\ud800' }, '#/text', 'The text contains the character U+0000 or a lone surrogate.'],
  ['nothing', {}, '#/text', 'The field is missing.'],
  ['the tokens', { input_ids: [1] }, '#/text', 'The field is missing.'],
  ['a list of texts', ['a'], '#/0', 'Got a string.'],
])('%s is not a text', async (_, body, pointer, detail) => {
  const response = await app.request('POST', path, body);
  expect(response.status).toBe(422);
  expect((await json(response))['errors']).toContainEqual(expect.objectContaining({ pointer, detail }));
});

test('the model says what a request has, and OpenAPI that it is a string', async () => {
  const model = await json(await app.request('GET', '/models/sentences'));
  expect(model['features']).toEqual([
    {
      name: 'text',
      dtype: 'string',
      shape: [],
      decode: {
        tokens: {
          tokenizer: 'tokenizer.json',
          maxLength: 32,
          inputs: { ids: 'input_ids', mask: 'attention_mask', types: 'token_type_ids' },
        },
      },
    },
  ]);
  expect(model['input_schema']).toMatchObject({ properties: { text: { type: 'string' } }, required: ['text'] });
  // Rows that are filled up alike do not change each other's embeddings, so that requests may share a run.
  expect(JSON.stringify(model['serving'])).not.toMatch(/changes with the other rows|different rows to compare/);
});

test('the Open Inference Protocol takes the tokens, and returns the embedding', async () => {
  const tensor = (name: string, data: readonly number[]) => ({ name, datatype: 'INT64', shape: [1, 4], data });
  const response = await app.request('POST', '/v2/models/sentences/infer', {
    inputs: [
      tensor('input_ids', [2, 5, 6, 3]),
      tensor('attention_mask', [1, 1, 1, 1]),
      tensor('token_type_ids', [0, 0, 0, 0]),
    ],
  });
  expect(response.status).toBe(200);
  expect((await json(response))['outputs']).toEqual([
    expect.objectContaining({ name: 'last_hidden_state', datatype: 'FP64', shape: [1, 16] }),
  ]);
});
