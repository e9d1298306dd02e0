import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { GuessedTexts, TextHints } from '../../onnx/signature/guess-texts.ts';

/** A tokenizer that was found, and what is guessed because of it. */
export interface FoundTokenizer {
  readonly file: string;
  readonly texts: GuessedTexts;
}

/**
 * Finds the tokenizer of a model of texts: next to the model, or above it as in the repositories of Hugging Face, where
 * the model is in a folder `onnx`.
 *
 * @param known the model's bytes, if they were read already
 * @returns undefined if there is none, or the model has other inputs than texts
 */
export async function findTokenizer(model: string, known?: Uint8Array): Promise<FoundTokenizer | undefined> {
  const folder = [dirname(model), dirname(dirname(model))].find((each) => existsSync(join(each, 'tokenizer.json')));
  if (folder === undefined) return undefined;
  const [{ guessTexts }, { readModelBytes }] = await Promise.all([
    import('../../onnx/signature/guess-texts.ts'),
    import('../../onnx/file/model-file.ts'),
  ]);
  // A file that is not a model is refused when it is loaded, with a better message.
  const bytes = known ?? (await readModelBytes(model).catch(() => undefined));
  const texts = bytes && guessTexts(bytes, await hintsOf(folder));
  return texts && { file: join(folder, 'tokenizer.json'), texts };
}

/** Says what was guessed, in a sentence. */
export function describeGuess({ outputs = {}, classes }: GuessedTexts): string {
  if (classes !== undefined) return `requests have a text, and config.json names the classes ${classes.join(', ')}`;
  const [embedding] = Object.entries(outputs);
  const pooled = { mean: 'the mean of its tokens', cls: 'its first token' };
  const pool = embedding?.[1].embedding?.pool;
  return (
    'requests have a text' +
    (embedding === undefined
      ? ''
      : `, and ${embedding[0]} becomes an embedding${pool === undefined ? '' : ` (${pooled[pool]})`} of length 1`)
  );
}

/** Reads what Hugging Face's libraries write next to a model. */
async function hintsOf(folder: string): Promise<TextHints> {
  const [pooling, model, config] = [
    await readJson(join(folder, '1_Pooling/config.json')),
    await readJson(join(folder, 'sentence_bert_config.json')),
    await readJson(join(folder, 'config.json')),
  ];
  // Of several labels at once, the softmax would be wrong.
  const labels = config['problem_type'] === 'multi_label_classification' ? undefined : config['id2label'];
  const classes = Object.values(Object(labels) as object).map(String);
  const { max_seq_length: maxLength } = model;
  return {
    ...(pooling['pooling_mode_cls_token'] === true && { pool: 'cls' }),
    ...(typeof maxLength === 'number' && { maxLength }),
    ...(new Set(classes).size === classes.length && { classes }),
  };
}

async function readJson(file: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return Object(JSON.parse(await readFile(file, 'utf8'))) as Record<string, unknown>;
  } catch {
    // It is a hint only.
    return {};
  }
}
