import { createHmac } from 'node:crypto';
import { stringifyJson } from '../protocol/json.ts';
import { ModelRedaction } from './model-redaction.ts';
import { valuesOf, type NamesOfModel } from './named-values.ts';

/** Names of features, inputs and outputs. */
export interface RedactionOptions {
  /** Their values are left out. */
  readonly redact: readonly string[];
  /** Their values are replaced by a keyed hash. */
  readonly hash: readonly string[];
  readonly hashKey: Buffer | undefined;
}

/** So many characters tell values apart, and do not make a record long. */
const HASH_CHARACTERS = 32;

/** Keeps the values of some features, inputs and outputs out of the log. */
export class Redaction {
  readonly #options: RedactionOptions;
  readonly #models = new WeakMap<NamesOfModel, ModelRedaction>();

  constructor(options: RedactionOptions) {
    this.#options = options;
  }

  /** Returns what is kept out of the records of a model. */
  of(signature: NamesOfModel): ModelRedaction {
    const known = this.#models.get(signature);
    if (known !== undefined) return known;
    const { redact, hash } = this.#options;
    const values = (names: readonly string[]) => names.map((name) => valuesOf(name, signature));
    // A name that the model does not have is kept out as a key, too: it costs nothing to be careful.
    const keys = (names: readonly string[]) =>
      new Set([...names, ...values(names).flatMap((each) => each?.keys ?? [])]);
    const made = new ModelRedaction({
      left: keys(redact),
      hashed: keys(hash),
      tensors: new Set(values([...redact, ...hash]).flatMap((each) => each?.tensors ?? [])),
      inputs: signature.inputs,
      hash: (value) => this.#hash(value),
    });
    this.#models.set(signature, made);
    return made;
  }

  /** Returns the names that none of these models has, such as misspelt ones. */
  unknown(signatures: readonly NamesOfModel[]): readonly string[] {
    const { redact, hash } = this.#options;
    return [...redact, ...hash].filter((name) => signatures.every((each) => valuesOf(name, each) === undefined));
  }

  /** Arrays stay arrays, so that the rows of a column stay apart. */
  #hash(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((each) => this.#hash(each));
    const { hashKey } = this.#options;
    if (value === null || hashKey === undefined) return null;
    const text = typeof value === 'string' ? value : stringifyJson(value);
    return createHmac('sha256', hashKey).update(text).digest('hex').slice(0, HASH_CHARACTERS);
  }
}
