import * as library from '@huggingface/tokenizers';

/** A step that changes a text before it is split. */
export interface Normalizer {
  readonly config: { readonly precompiled_charsmap?: string };
  /** Of a sequence of them. */
  readonly normalizers?: readonly Normalizer[];
  normalize: (text: string) => string;
}

/** A tokenizer of the package `@huggingface/tokenizers`, as far as Rhizome uses it. */
export interface LibraryTokenizer {
  readonly normalizer: Normalizer | null;
  readonly post_processor:
    | ((
        tokens: readonly string[],
        pair: null,
        addSpecial: true,
      ) => {
        readonly tokens: readonly string[];
        readonly token_type_ids?: readonly number[];
      })
    | null;
  /** Without a token for the unknown, what the vocabulary lacks is undefined. */
  encode(
    text: string,
    options: { readonly add_special_tokens: boolean },
  ): { readonly ids: readonly (number | undefined)[] };
  token_to_id(token: string): number | undefined;
}

// The package's own types import each other without the extension of the file, so that Node's resolution finds none.
export const { Tokenizer, PrecompiledNormalizer } = library as unknown as {
  readonly Tokenizer: new (json: object, config: object) => LibraryTokenizer;
  readonly PrecompiledNormalizer: new () => Normalizer;
};
