import { cp, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Prediction } from '../../batch/decode-predictions.ts';
import { predictRows } from '../../batch/predict-rows.ts';
import { onnxruntime } from '../../engine/onnxruntime.ts';
import { Model } from '../../model.ts';
import type { ModelJson } from '../../signature/model-json.ts';
import { openTextDecoder } from './text-decoder.ts';

const fixtures = join(import.meta.dirname, 'fixtures');
const sentences = join(fixtures, 'sentences/model.onnx');
const inputs = { ids: 'input_ids', mask: 'attention_mask', types: 'token_type_ids' };
const tokens = { tokenizer: 'tokenizer.json', maxLength: 16, inputs };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'text-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('the tensors of a text', () => {
  const cellOf = async (text: string, decode = tokens) => {
    const { shape, data } = await (await openTextDecoder(sentences, 'text', decode)).decode(text, {});
    const [rows = 0, length = 0] = shape;
    return Array.from({ length: rows }, (_, row) => Array.from(data).slice(row * length, (row + 1) * length));
  };

  test('are filled up to a multiple of eight, which the mask shows', async () => {
    const [ids = [], mask, types] = await cellOf('the model');
    expect(ids).toHaveLength(8);
    expect(ids.slice(0, 4)).toEqual([2, expect.any(Number), expect.any(Number), 3]);
    expect(ids.slice(4)).toEqual([0, 0, 0, 0]);
    expect(mask).toEqual([1, 1, 1, 1, 0, 0, 0, 0]);
    expect(types).toEqual(Array(8).fill(0));
    expect((await cellOf('the model '.repeat(4)))[0]).toHaveLength(16);
    expect((await cellOf('the model '.repeat(4), { ...tokens, maxLength: 9 }))[0]).toHaveLength(9);
  });

  test('have the length that the graph takes', async () => {
    const [ids, mask] = await cellOf('the model', { ...tokens, length: 12 } as typeof tokens);
    expect(ids).toHaveLength(12);
    expect(mask?.filter((value) => value === 1)).toHaveLength(4);
  });

  test('are not filled up for a model without a mask, and never empty', async () => {
    const only = { ...tokens, inputs: { ids: 'input_ids' } } as unknown as typeof tokens;
    expect(await cellOf('the model', only)).toEqual([[2, expect.any(Number), expect.any(Number), 3]]);
    const { ids } = { ids: await cellOf('', only) };
    expect(ids).toEqual([[2, 3]]);
  });
});

describe('a tokenizer that cannot be used', () => {
  const opened = () => openTextDecoder(join(folder, 'model.onnx'), 'text', tokens);
  beforeEach(() => cp(sentences, join(folder, 'model.onnx')));

  test('is missing', async () => {
    await expect(opened()).rejects.toThrow(
      `the tokenizer of the feature 'text', ${join(folder, 'tokenizer.json')}, cannot be used: it is missing. Copy it`,
    );
  });

  test.each([
    ['no JSON', '{', 'it is not JSON'],
    ['no tokenizer', '{"version": "1.0"}', 'it is not a tokenizer.json of Hugging Face'],
  ])('is %s', async (_, content, reason) => {
    await writeFile(join(folder, 'tokenizer.json'), content);
    await expect(opened()).rejects.toThrow(reason);
  });

  test('is elsewhere', async () => {
    await symlink(join(fixtures, 'bpe-tokenizer.json'), join(folder, 'tokenizer.json'));
    await expect(opened()).rejects.toThrow("which is not in the model's folder");
  });
});

test('texts of different lengths share runs with those that are filled up alike', async () => {
  const model = await Model.load(join(fixtures, 'sentences'), onnxruntime, { threads: 1 });
  const texts = ['the model', 'a pod', 'the replica that crashes is restarted on a node', ''];
  const alone = await Promise.all(texts.map(async (text) => (await model.predict([[text]]))[0]));
  const runs: number[] = [];
  const rows = await model.decode(texts.map((text) => [text]));
  const together = await predictRows(model.signature, rows, (feeds, fetches) => {
    runs.push(feeds['input_ids']?.shape[0] ?? 0);
    return model.run(feeds, fetches);
  });
  await model.release();
  expect(runs).toEqual([3, 1]);
  const values = (of: readonly (Prediction | undefined)[]): number[] =>
    of.flatMap((each) => (each?.outputs?.['last_hidden_state'] ?? []) as number[]);
  expect(values(together)).toHaveLength(texts.length * 16);
  // A kernel may round differently for more rows.
  values(together).forEach((value, index) => {
    expect(Math.abs(value - (values(alone)[index] ?? NaN))).toBeLessThan(3e-6);
  });
});

test('a model without a mask takes tokens of int32, by any name', async () => {
  await cp(join(fixtures, 'bag.onnx'), join(folder, 'model.onnx'));
  await cp(join(fixtures, 'sentences/tokenizer.json'), join(folder, 'tokenizer.json'));
  const json: ModelJson = {
    features: [{ name: 'text', decode: { tokens: { inputs: { ids: 'words' } } } }],
    outputs: { vectors: { embedding: { pool: 'cls', normalize: false } } },
  };
  await writeFile(join(folder, 'model.json'), JSON.stringify(json));
  const model = await Model.load(folder, onnxruntime, { threads: 1 });
  const [one, two] = await model.predict([['the model'], ['a longer text, with other tokens']]);
  await model.release();
  // Both start with the same token, which has the same vector.
  expect(one).toEqual(two);
  expect(one?.outputs?.['vectors']).toHaveLength(4);
});
