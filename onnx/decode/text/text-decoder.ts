import { dirname, join } from 'node:path';
import { findBeside } from '../../file/file-beside.ts';
import { readText } from '../../regular-file.ts';
import type { CellTensor } from '../../signature/cells.ts';
import { SignatureError } from '../../signature/tensor-spec.ts';
import { namesOfInputs, type TokensDecode } from '../../signature/tokens.ts';
import type { FeatureDecoder } from '../feature-decoder.ts';
import { createTokenizer, TokenizerError, type TextTokenizer } from './tokenizer.ts';

/** The largest files in use have a quarter of a million tokens, in 17 MB. */
const MOST_BYTES = 64 * 2 ** 20;
/**
 * A text is filled up to a multiple of this if the model has a mask, so that texts of about the same length share a
 * run. What it is filled up to depends on nothing else: the same text always has the same tensors.
 */
const STEP = 8;

/**
 * Loads the tokenizer of a feature.
 *
 * @param model the model's file, which the tokenizer is next to
 * @param feature the feature's name, for the error
 * @throws {SignatureError} if the tokenizer cannot be used
 */
export async function openTextDecoder(model: string, feature: string, decode: TokensDecode): Promise<FeatureDecoder> {
  const tokenizer = await openTokenizer(model, decode).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SignatureError(
      `the tokenizer of the feature '${feature}', ${join(dirname(model), decode.tokenizer)}, cannot be used: ${reason}`,
      { cause },
    );
  });
  return {
    decode(text, { before }) {
      before?.();
      return Promise.resolve(toCell(tokenizer, decode, String(text)));
    },
  };
}

async function openTokenizer(model: string, { tokenizer, maxLength }: TokensDecode): Promise<TextTokenizer> {
  const { file, isInside } = await findBeside(model, tokenizer).catch((cause: unknown) => {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
    throw new TokenizerError('it is missing. Copy it there from the folder that the model was exported from.', {
      cause,
    });
  });
  if (!isInside)
    throw new TokenizerError(`it is a link to ${file}, which is not in the model's folder. Copy the file there.`);
  const text = await readText(file, MOST_BYTES);
  try {
    return createTokenizer(JSON.parse(text), maxLength);
  } catch (cause) {
    throw cause instanceof SyntaxError ? new TokenizerError(`it is not JSON: ${cause.message}`, { cause }) : cause;
  }
}

/** Returns the values of the inputs for a text, one after the other. */
function toCell(tokenizer: TextTokenizer, { inputs, length }: TokensDecode, text: string): CellTensor {
  const { ids, types } = tokenizer.encode(text);
  // The runtime is given no tensor without elements.
  const own = Math.max(1, ids.length);
  const size =
    length ?? (inputs.mask === undefined ? own : Math.min(Math.ceil(own / STEP) * STEP, tokenizer.maxLength));
  const names = namesOfInputs(inputs);
  const data = new Int32Array(names.length * size);
  names.forEach((name, row) => {
    const start = row * size;
    if (name === inputs.ids) data.fill(tokenizer.padding, start, start + size).set(ids, start);
    else if (name === inputs.mask) data.fill(1, start, start + ids.length);
    else data.set(types, start);
  });
  return { shape: [names.length, size], data };
}
