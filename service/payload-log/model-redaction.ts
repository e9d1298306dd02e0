import type { TensorSpec } from '../../onnx/signature/tensor-spec.ts';
import { placeInSequence } from '../inference/sequences.ts';
import { pointerTo } from '../protocol/issue-list.ts';

export interface ModelRedactionOptions {
  /** The keys whose values are left out. */
  readonly left: ReadonlySet<string>;
  /** The keys whose values are hashed. */
  readonly hashed: ReadonlySet<string>;
  /** The inputs and outputs of the graph without data. */
  readonly tensors: ReadonlySet<string>;
  readonly inputs: readonly TensorSpec[];
  readonly hash: (value: unknown) => unknown;
}

/** Keeps values out of the records of one model. */
export class ModelRedaction {
  readonly #options: ModelRedactionOptions;
  /** How the keys are written in the pointer of a warning. */
  readonly #segments: ReadonlySet<string>;

  constructor(options: ModelRedactionOptions) {
    this.#options = options;
    this.#segments = new Set([...options.left, ...options.hashed].map((key) => pointerTo(key).slice(2)));
  }

  /** Whether there is anything to keep out. */
  get any(): boolean {
    const { left, hashed } = this.#options;
    return left.size > 0 || hashed.size > 0;
  }

  /** Returns whether a tensor of a request or response has no data in the log. */
  concerns(name: string): boolean {
    const { tensors, inputs } = this.#options;
    if (tensors.has(name)) return true;
    const sequence = placeInSequence(inputs, name)?.spec.name;
    return sequence !== undefined && tensors.has(sequence);
  }

  /** Returns the value of a body without what is kept out, at any depth. */
  apply(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((each) => this.apply(each));
    if (typeof value !== 'object' || value === null) return value;
    const { left, hashed, hash } = this.#options;
    return Object.fromEntries(
      Object.entries(value).flatMap(([key, each]: [string, unknown]): [string, unknown][] => {
        if (left.has(key)) return [];
        if (hashed.has(key)) return [[key, hash(each)]];
        return [[key, key === 'warnings' && Array.isArray(each) ? this.#warnings(each) : this.apply(each)]];
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
}
