import { PrecompiledNormalizer, Tokenizer, type LibraryTokenizer, type Normalizer } from './library.ts';
import { PrecompiledTable } from './precompiled.ts';

/** A tokenizer.json cannot be used. The message says why, without the file. */
export class TokenizerError extends Error {
  override readonly name = 'TokenizerError';
}

/** A text as a model reads it. */
export interface TokenizedText {
  readonly ids: readonly number[];
  /** Which part of the text each token belongs to; 0 for almost all tokenizers. */
  readonly types: readonly number[];
}

/** Turns texts into tokens. */
export interface TextTokenizer {
  /** The token that fills up shorter texts. */
  readonly padding: number;
  /** The most tokens of a text, including those that the tokenizer adds. */
  readonly maxLength: number;
  encode(text: string): TokenizedText;
}

/**
 * Only this many characters of a text are read for each token that the model takes, because a client could send
 * megabytes. Words have more tokens than that; white space, which may have none, is read in their place.
 */
const CHARACTERS_PER_TOKEN = 32;
const MOST_CHARACTERS = 65_536;
/** The length of a text for which neither model.json, nor the tokenizer, nor the graph sets one. */
const USUAL_LENGTH = 512;
/** Stands for the tokens of a text where the tokenizer adds its own. No vocabulary has it. */
const PLACEHOLDER = '\0text\0';
/** The characters of ideographs beyond the first plane, around which BERT's tokenizer puts spaces. */
const RARE_IDEOGRAPHS = /[\u{20000}-\u{2a6df}\u{2a700}-\u{2ceaf}\u{2f800}-\u{2fa1f}]/gu;

/** What a tokenizer.json says of itself, as far as this file reads it. */
interface TokenizerJson {
  readonly model?: { readonly type?: string };
  readonly normalizer?: NormalizerJson | null;
  readonly truncation?: { readonly max_length?: number; readonly direction?: string } | null;
  readonly padding?: { readonly pad_id?: number } | null;
  readonly added_tokens?: readonly { readonly id: number; readonly content: string }[];
}

interface NormalizerJson {
  readonly type?: string;
  readonly normalizers?: readonly NormalizerJson[];
  readonly lowercase?: boolean;
  readonly handle_chinese_chars?: boolean;
  readonly precompiled_charsmap?: string;
}

/**
 * Prepares a tokenizer. Its tokens are those of Hugging Face's own library.
 *
 * @param json the content of a tokenizer.json
 * @param maxLength the most tokens of a text; by default as the tokenizer truncates
 * @throws {TokenizerError} if it cannot be used
 */
export function createTokenizer(json: unknown, maxLength?: number): TextTokenizer {
  const declared = checked(json);
  const tokenizer = load(declared);
  const most = maxLength ?? declared.truncation?.max_length ?? USUAL_LENGTH;
  const mostCharacters = Math.min(CHARACTERS_PER_TOKEN * most, MOST_CHARACTERS);
  const prepare = preparation(normalizersIn(declared));
  limitNormalized(tokenizer, mostCharacters);
  const { before, type, after } = addedTokens(tokenizer);
  const room = most - before.ids.length - after.ids.length;
  if (room < 1)
    throw new TokenizerError(
      `it adds ${before.ids.length + after.ids.length} tokens to each text, so a text needs more than ${most} ` +
        'tokens: raise "maxLength"',
    );
  return {
    padding: paddingOf(declared, tokenizer),
    maxLength: most,
    encode(text) {
      // A text that is well-formed stays so: the runtime of the tokenizer takes no half of a character.
      const start = text.slice(0, mostCharacters).toWellFormed();
      const { ids } = tokenizer.encode(prepare(start), { add_special_tokens: false });
      // Without a token for the unknown, nothing stands for what the vocabulary lacks.
      const own = ids.filter((id) => id !== undefined).slice(0, room);
      return {
        ids: [...before.ids, ...own, ...after.ids],
        types: [...before.types, ...own.map(() => type), ...after.types],
      };
    },
  };
}

function checked(json: unknown): TokenizerJson {
  if (typeof json !== 'object' || json === null || !('model' in json))
    throw new TokenizerError(
      'it is not a tokenizer.json of Hugging Face, which has a "model". Write one in Python: ' +
        'AutoTokenizer.from_pretrained(…).save_pretrained(folder)',
    );
  const declared = json as TokenizerJson;
  if (declared.truncation?.direction === 'Left')
    throw new TokenizerError('it keeps the end of a text (truncation from the left), which Rhizome does not support');
  return declared;
}

function load(declared: TokenizerJson): LibraryTokenizer {
  const absent = { added_tokens: [], normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null };
  try {
    const tokenizer = new Tokenizer({ ...absent, ...declared }, {});
    if (tokenizer.normalizer !== null) makeExact(tokenizer.normalizer);
    return tokenizer;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TokenizerError(`${reason}. Rhizome supports what the npm package @huggingface/tokenizers does.`, {
      cause,
    });
  }
}

/** Replaces what the library only approximates: the tables of SentencePiece. */
function makeExact(normalizer: Normalizer): void {
  normalizer.normalizers?.forEach(makeExact);
  const { precompiled_charsmap: table } = normalizer.config;
  if (!(normalizer instanceof PrecompiledNormalizer) || table === undefined) return;
  const exact = new PrecompiledTable(table);
  normalizer.normalize = (text) => exact.normalize(text);
}

/** A single character may become eighteen, and a tokenizer that gets too many of them exceeds the stack. */
function limitNormalized({ normalizer }: LibraryTokenizer, most: number): void {
  if (normalizer === null) return;
  const whole = normalizer.normalize.bind(normalizer);
  normalizer.normalize = (text) => whole(text).slice(0, most);
}

const normalizersIn = ({ normalizer }: TokenizerJson): NormalizerJson[] => {
  const flat = (each: NormalizerJson): NormalizerJson[] => [each, ...(each.normalizers ?? []).flatMap(flat)];
  return normalizer ? flat(normalizer) : [];
};

/** Returns what makes up for where JavaScript's library differs from Rust's. */
function preparation(normalizers: readonly NormalizerJson[]): (text: string) => string {
  // Rust writes every capital sigma in lower case alike, JavaScript another one at the end of a word.
  const lowers = normalizers.some(({ type, lowercase }) => type === 'Lowercase' || lowercase === true);
  const spaces = normalizers.some(({ handle_chinese_chars: spaced }) => spaced === true);
  return (text) => {
    const lowered = lowers ? text.replaceAll('Σ', 'σ') : text;
    return spaces ? lowered.replaceAll(RARE_IDEOGRAPHS, ' $& ') : lowered;
  };
}

/** Returns the tokens that the tokenizer adds before and after those of a text, and the type of the text itself. */
function addedTokens(tokenizer: LibraryTokenizer): {
  readonly before: TokenizedText;
  readonly type: number;
  readonly after: TokenizedText;
} {
  const added = tokenizer.post_processor?.([PLACEHOLDER], null, true);
  const tokens = added?.tokens ?? [PLACEHOLDER];
  const types = added?.token_type_ids ?? tokens.map(() => 0);
  const at = tokens.indexOf(PLACEHOLDER);
  const part = (from: number, to?: number): TokenizedText => ({
    ids: tokens.slice(from, to).map((token) => {
      const id = tokenizer.token_to_id(token);
      if (id === undefined) throw new TokenizerError(`it adds the token '${token}', which its vocabulary lacks`);
      return id;
    }),
    types: types.slice(from, to),
  });
  return { before: part(0, at), type: types[at] ?? 0, after: part(at + 1) };
}

function paddingOf({ padding }: TokenizerJson, tokenizer: LibraryTokenizer): number {
  return padding?.pad_id ?? tokenizer.token_to_id('[PAD]') ?? tokenizer.token_to_id('<pad>') ?? 0;
}
