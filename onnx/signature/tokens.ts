import { describeTensor, SignatureError, type TensorSpec } from './tensor-spec.ts';

/** How a text becomes tokens, in `model.json`. */
export interface TokensJson {
  /** The file of the tokenizer, next to model.json. @default tokenizer.json */
  readonly tokenizer?: string;
  /** The most tokens of a text; the rest is cut off. @default as the tokenizer says, or 512 */
  readonly maxLength?: number;
  /** The names of the inputs, if they are not those of Hugging Face. */
  readonly inputs?: Partial<TokenInputs>;
}

/** The inputs that a text becomes. Each is of whole numbers, one for each token. */
export interface TokenInputs {
  /** The numbers of the tokens. */
  readonly ids: string;
  /** 1 for each token, and 0 for what fills up a shorter text. @default the model has none, and texts are run alone */
  readonly mask?: string;
  /** Which part of the text each token belongs to. @default the model has none */
  readonly types?: string;
}

/** How a text becomes tokens. */
export interface TokensDecode {
  readonly tokenizer: string;
  readonly maxLength?: number;
  readonly inputs: TokenInputs;
  /** How many tokens each text is filled up to, if the graph takes no other number. */
  readonly length?: number;
}

/** The names that exporters give the inputs, most of them that of Hugging Face. */
const usualNames = {
  ids: ['input_ids', 'ids', 'tokens'],
  mask: ['attention_mask', 'input_mask', 'mask'],
  types: ['token_type_ids', 'segment_ids'],
} as const satisfies Record<keyof TokenInputs, readonly string[]>;

/**
 * Returns the inputs that a text becomes, by their usual names if `model.json` has no others.
 *
 * @returns undefined if none of them has such a name
 */
export function tokenInputs(
  { inputs: named = {} }: TokensJson,
  inputs: readonly Pick<TensorSpec, 'name'>[],
): TokenInputs | undefined {
  const inputOf = (kind: keyof TokenInputs): string | undefined =>
    named[kind] ?? usualNames[kind].find((name) => inputs.some((input) => input.name === name));
  const [ids, mask, types] = [inputOf('ids'), inputOf('mask'), inputOf('types')];
  if (ids === undefined) return undefined;
  return { ids, ...(mask !== undefined && { mask }), ...(types !== undefined && { types }) };
}

/** Returns the names of the inputs that a text becomes, in the order of the rows of its cell. */
export const namesOfInputs = ({ ids, mask, types }: TokenInputs): string[] =>
  [ids, mask, types].filter((name) => name !== undefined);

/**
 * Completes how a text becomes tokens with what the graph shows.
 *
 * @param feature its name, for the error
 * @param inputs all inputs of the model
 * @throws {SignatureError} if the declaration does not fit the inputs
 */
export function resolveTokens(feature: string, json: TokensJson, inputs: readonly TensorSpec[]): TokensDecode {
  const refuse = (why: string): never => {
    throw new SignatureError(`"decode.tokens" of the feature '${feature}' in model.json ${why}`);
  };
  const names =
    tokenInputs(json, inputs) ??
    refuse(
      `needs to know which input gets the tokens, of ${inputs.map(describeTensor).join(', ')}. ` +
        'Name it: "inputs": {"ids": …}.',
    );
  const covered = namesOfInputs(names).map(
    (name) =>
      inputs.find((input) => input.name === name) ?? refuse(`names the input '${name}', which the model lacks.`),
  );
  const odd = covered.find(
    ({ dtype, shape, sequence }) => !['int64', 'int32'].includes(dtype) || shape.length !== 2 || sequence,
  );
  if (odd !== undefined)
    refuse(`needs inputs of int64 or int32 with a number for each token of a row, but has ${describeTensor(odd)}.`);
  const fixed = covered.map(({ shape }) => shape[1]).find((size) => typeof size === 'number');
  const { maxLength = fixed } = json;
  if (fixed !== undefined && (maxLength ?? fixed) > fixed)
    refuse(`has a "maxLength" of ${maxLength}, but the input '${names.ids}' takes ${fixed} tokens.`);
  return {
    tokenizer: json.tokenizer ?? 'tokenizer.json',
    ...(maxLength !== undefined && { maxLength }),
    inputs: names,
    ...(fixed !== undefined && { length: fixed }),
  };
}
