import { createHmac } from 'node:crypto';
import type { Feature } from '../../onnx/signature/features.ts';
import { pointerTo } from '../protocol/issue-list.ts';
import { stringifyJson } from '../protocol/json.ts';

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

/** Keeps the values of some features out of the log. */
export class Redaction {
  readonly #left: ReadonlySet<string>;
  readonly #hashed: ReadonlySet<string>;
  readonly #key: Buffer | undefined;
  /** How the names are written in the pointer of a warning. */
  readonly #segments: ReadonlySet<string>;

  constructor({ redact, hash, hashKey }: RedactionOptions) {
    this.#left = new Set(redact);
    this.#hashed = new Set(hash);
    this.#key = hashKey;
    this.#segments = new Set([...redact, ...hash].map((name) => pointerTo(name).slice(2)));
  }

  /** Whether there is anything to keep out. */
  get any(): boolean {
    return this.#left.size > 0 || this.#hashed.size > 0;
  }

  /** Returns whether a tensor has values that are kept out: its own, or those of a feature in one of its columns. */
  concerns(tensor: string, features: readonly Feature[]): boolean {
    return this.#has(tensor) || features.some(({ name, input }) => input === tensor && this.#has(name));
  }

  /** Returns the value of a body without what is kept out, at any depth. */
  apply(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((each) => this.apply(each));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).flatMap(([name, each]: [string, unknown]): [string, unknown][] => {
        if (this.#left.has(name)) return [];
        if (this.#hashed.has(name)) return [[name, this.#hash(each)]];
        return [[name, name === 'warnings' && Array.isArray(each) ? this.#warnings(each) : this.apply(each)]];
      }),
    );
  }

  /** A warning quotes the value that it is about. */
  #warnings(warnings: readonly unknown[]): unknown[] {
    return warnings.filter((warning) => {
      const { pointer } = (warning ?? {}) as { readonly pointer?: unknown };
      return typeof pointer !== 'string' || !pointer.split('/').some((segment) => this.#segments.has(segment));
    });
  }

  #has(name: string): boolean {
    return this.#left.has(name) || this.#hashed.has(name);
  }

  /** Arrays stay arrays, so that the rows of a column stay apart. */
  #hash(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((each) => this.#hash(each));
    if (value === null || this.#key === undefined) return null;
    const text = typeof value === 'string' ? value : stringifyJson(value);
    return createHmac('sha256', this.#key).update(text).digest('hex').slice(0, HASH_CHARACTERS);
  }
}
