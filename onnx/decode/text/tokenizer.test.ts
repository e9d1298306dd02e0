import { readFileSync } from 'node:fs';
import { createTokenizer, TokenizerError } from './tokenizer.ts';

const fixture = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), 'utf8'));

interface Tokens {
  readonly whole: readonly (readonly number[])[];
  readonly cut: readonly (readonly number[])[];
}
/** What Hugging Face's own library, `tokenizers`, makes of the texts. */
const { maxLength, texts, tokens } = fixture('texts-expected') as {
  readonly maxLength: number;
  readonly texts: readonly string[];
  readonly tokens: Readonly<Record<'wordpiece' | 'bpe' | 'unigram', Tokens>>;
};
const files = { wordpiece: 'sentences/tokenizer', bpe: 'bpe-tokenizer', unigram: 'unigram-tokenizer' } as const;

describe.each(Object.keys(files) as (keyof typeof files)[])('the tokens of %s', (kind) => {
  test('are those of Hugging Face, whole and cut', () => {
    const [whole, cut] = [4096, maxLength].map((most) => createTokenizer(fixture(files[kind]), most));
    for (const [index, text] of texts.entries()) {
      expect({ text, ids: whole?.encode(text).ids }).toEqual({ text, ids: tokens[kind].whole[index] });
      expect({ text, ids: cut?.encode(text).ids }).toEqual({ text, ids: tokens[kind].cut[index] });
    }
  });

  test('of a hostile text are found in time, which does not grow with the text', () => {
    const tokenizer = createTokenizer(fixture(files[kind]), 128);
    const repeated = ['a', ' ', '\ufdfa', '\u0301', 'ﷺ中', '👩‍👩‍👧‍👦', '[CLS]', '\u{20000}', '\ud800', '\uffff'];
    for (const each of repeated) {
      const { ids, types } = tokenizer.encode(each.repeat(1_000_000));
      expect(ids.length).toBeLessThanOrEqual(128);
      expect(types).toEqual(ids.map(() => 0));
    }
  });
});

test('the padding is the tokenizer’s own', () => {
  expect(createTokenizer(fixture('sentences/tokenizer')).padding).toBe(0);
  expect(createTokenizer(fixture('bpe-tokenizer')).padding).toBe(1);
  const own = { ...(fixture('bpe-tokenizer') as object), padding: { pad_id: 7 } };
  expect(createTokenizer(own).padding).toBe(7);
});

test('a text has at most as many tokens as the tokenizer truncates to, unless the model says otherwise', () => {
  const json = { ...(fixture('bpe-tokenizer') as object), truncation: { max_length: 5, direction: 'Right' } };
  expect(createTokenizer(json).encode('one two three four five six').ids).toHaveLength(5);
  expect(createTokenizer(json, 4).encode('one two three four five six').ids).toHaveLength(4);
});

test.each<[string, unknown, number | undefined, string]>([
  ['that is not a tokenizer', { version: '1.0' }, undefined, 'it is not a tokenizer.json of Hugging Face'],
  ['with an unknown part', { model: { type: 'BPE' }, normalizer: { type: 'Nmt' } }, undefined, 'Nmt'],
  [
    'that keeps the end',
    { ...(fixture('bpe-tokenizer') as object), truncation: { direction: 'Left' } },
    undefined,
    'the left',
  ],
  ['that leaves no room for the text', fixture('bpe-tokenizer'), 2, 'it adds 2 tokens to each text'],
  ['with a damaged table', damaged(), undefined, 'its table of characters is damaged'],
])('a file %s is refused', (_, json, most, reason) => {
  expect(() => createTokenizer(json, most)).toThrow(TokenizerError);
  expect(() => createTokenizer(json, most)).toThrow(reason);
});

function damaged(): unknown {
  const json = structuredClone(fixture('unigram-tokenizer')) as {
    normalizer: { normalizers: { precompiled_charsmap?: string }[] };
  };
  const [first] = json.normalizer.normalizers;
  if (first !== undefined) first.precompiled_charsmap = '//////8=';
  return json;
}
