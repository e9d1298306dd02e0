import { readFileSync } from 'node:fs';
import type { Tensor } from '../engine/engine.ts';
import { onnxruntime } from '../engine/onnxruntime.ts';
import { noConversions } from '../graph/conversions.ts';
import { createTokenizer } from '../decode/text/tokenizer.ts';
import type { EmbeddingJson } from '../signature/model-json.ts';
import { SignatureError } from '../signature/tensor-spec.ts';
import type { TokensJson } from '../signature/tokens.ts';
import { withEmbeddings } from './embedding.ts';

const fixtures = new URL('../decode/text/fixtures/', import.meta.url);
const json = (name: string): unknown => JSON.parse(readFileSync(new URL(name, fixtures), 'utf8'));
const model = new Uint8Array(readFileSync(new URL('sentences/model.onnx', fixtures)));
const tokenizer = createTokenizer(json('sentences/tokenizer.json'), 32);
/** What Python makes of the texts: `tokenizers`, `onnxruntime` and `numpy`. */
const { texts, embeddings } = json('embeddings-expected.json') as {
  readonly texts: readonly string[];
  readonly embeddings: readonly (readonly number[])[];
};

/** Makes an embedding of an output of the model. */
const changed = (embedding: EmbeddingJson, output: string, tokens?: TokensJson) =>
  withEmbeddings(
    { model, conversions: noConversions },
    { outputs: { [output]: { embedding } }, features: tokens ? [{ name: 'text', decode: { tokens } }] : [] },
  );

/** Runs the model on some texts, which are filled up to the same length. */
async function embed(some: readonly string[], embedding: EmbeddingJson): Promise<Tensor> {
  const session = await onnxruntime.load(changed(embedding, 'last_hidden_state', {}).model, { threads: 1 });
  const ids = some.map((text) => tokenizer.encode(text).ids);
  const length = Math.max(...ids.map((each) => each.length));
  const tensor = (valueOf: (id: number | undefined) => number): Tensor => ({
    dtype: 'int64',
    shape: [ids.length, length],
    data: BigInt64Array.from(ids.flatMap((each) => Array.from({ length }, (_, index) => BigInt(valueOf(each[index]))))),
  });
  const outputs = await session.run(
    {
      input_ids: tensor((id = 0) => id),
      attention_mask: tensor((id) => Number(id !== undefined)),
      token_type_ids: tensor(() => 0),
    },
    ['last_hidden_state'],
  );
  await session.release();
  return outputs['last_hidden_state'] as Tensor;
}

const rowsOf = ({ shape: [, width = 0], data }: Tensor): number[][] =>
  texts.map((_, row) => Array.from({ length: width }, (_, index) => Number(data[row * width + index])));

test('texts of different lengths in one run have the embeddings that Python gives each alone', async () => {
  const tensor = await embed(texts, { pool: 'mean', normalize: true });
  expect(tensor).toMatchObject({ dtype: 'float32', shape: [texts.length, 16] });
  rowsOf(tensor).forEach((row, index) => {
    row.forEach((value, at) => {
      expect(Math.abs(value - (embeddings[index]?.[at] ?? NaN))).toBeLessThan(2e-6);
    });
  });
});

test('a rounded embedding is of doubles with few digits, and has no negative zero', async () => {
  const tensor = await embed(texts, { pool: 'mean', normalize: true, decimals: 2 });
  expect(tensor.dtype).toBe('float64');
  const values = rowsOf(tensor).flat();
  expect(values.every((value) => String(value).length <= 5 && !Object.is(value, -0))).toBe(true);
  expect(values).toContain(0);
});

test('not normalized, an embedding has any length; cls is the vector of the first token', async () => {
  const lengthOf = (row: readonly number[] = []): number => Math.hypot(...row);
  const [mean, cls, scaled] = [
    await embed(texts, { pool: 'mean', normalize: false }),
    await embed(texts, { pool: 'cls', normalize: false }),
    await embed(texts, { pool: 'cls', normalize: true }),
  ].map(rowsOf);
  expect(Math.abs(lengthOf(mean?.[0]) - 1)).toBeGreaterThan(0.1);
  expect(cls?.[0]).not.toEqual(mean?.[0]);
  expect(lengthOf(scaled?.[0])).toBeCloseTo(1, 5);
  const [first = 0] = cls?.[0] ?? [];
  expect(scaled?.[0]?.[0]).toBeCloseTo(first / lengthOf(cls?.[0]), 5);
});

test('without a mask, all tokens count, whatever the version of the operators', async () => {
  const bag = new Uint8Array(readFileSync(new URL('bag.onnx', fixtures)));
  const json = {
    outputs: { vectors: { embedding: { normalize: false } } },
    features: [{ name: 'text', decode: { tokens: { inputs: { ids: 'words' } } } }],
  };
  const session = await onnxruntime.load(withEmbeddings({ model: bag, conversions: noConversions }, json).model, {
    threads: 1,
  });
  const mean = async (...ids: number[]): Promise<number[]> => {
    const words: Tensor = { dtype: 'int32', shape: [1, ids.length], data: Int32Array.from(ids) };
    const { vectors } = await session.run({ words }, ['vectors']);
    return Array.from(vectors?.data ?? [], Number);
  };
  const [one, two, both] = [await mean(5), await mean(7), await mean(5, 7)];
  await session.release();
  both.forEach((value, index) => {
    expect(value).toBeCloseTo(((one[index] ?? NaN) + (two[index] ?? NaN)) / 2, 5);
  });
});

test('a model without embeddings remains as it is', () => {
  const whole = { model, conversions: noConversions };
  expect(withEmbeddings(whole, {})).toBe(whole);
});

test.each<[string, string, TokensJson | undefined, string]>([
  ['an unknown output', 'pooled', {}, "'pooled', which the model lacks: it has last_hidden_state"],
  ['no tokens to pool', 'last_hidden_state', undefined, 'has a vector for each token, but no feature is a text'],
])('%s is an error', (_, output, tokens, reason) => {
  expect(() => changed({}, output, tokens)).toThrow(SignatureError);
  expect(() => changed({}, output, tokens)).toThrow(reason);
});
