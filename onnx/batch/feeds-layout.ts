import type { DType, Tensor, TensorData } from '../engine/engine.ts';
import { allocate, resize } from '../signature/dtypes.ts';
import type { Feature } from '../signature/features.ts';
import type { Signature } from '../signature/signature.ts';
import { dimsOf, elementRules, hasDims, storeElement, storeNested, type ElementRules } from './store-values.ts';

/** The elements of a run's inputs while they are filled, by input. */
export interface FeedsData {
  readonly rows: number;
  readonly data: TensorData[];
  /** The dimensions of one row, for inputs whose rows are tensors; the first row determines them. */
  readonly dims: (readonly number[] | undefined)[];
}

interface InputLayout {
  readonly name: string;
  readonly dtype: DType;
  /** How many features are columns of this input; undefined if the input is a single feature. */
  readonly width: number | undefined;
  /** The declared shape of one row. */
  readonly shape: readonly (number | string)[];
}

interface FeatureLayout extends ElementRules {
  /** The declared shape of one row's value; [] is a scalar. */
  readonly shape: readonly (number | string)[];
  /** The index of the input. */
  readonly input: number;
  /** A row's scalar is at `row * stride + offset`. */
  readonly stride: number;
  readonly offset: number;
}

/**
 * Where the values of a model's features go in its inputs. JSON values are checked and stored directly, which results
 * in the same tensors as `readCell` and `encodeRows`, without a list of rows in between.
 */
export class FeedsLayout {
  readonly #inputs: readonly InputLayout[];
  readonly #features: readonly FeatureLayout[];
  readonly #unbatched: boolean;

  constructor({ inputs, features, batching }: Signature) {
    this.#unbatched = batching === 'unbatched';
    this.#inputs = inputs.map(({ name, dtype }) => {
      const own = features.filter(({ input }) => input === name);
      const [first] = own;
      return {
        name,
        dtype,
        width: first?.column === undefined ? undefined : own.length,
        shape: first?.shape ?? [],
      };
    });
    this.#features = features.map((feature) => this.#place(feature, features));
  }

  /** Returns room for some rows. */
  allocate(rows: number): FeedsData {
    const inputs = this.#inputs;
    const data: TensorData[] = [];
    for (let index = 0; index < inputs.length; index++) {
      const { dtype, width = 1, shape } = inputs[index] as InputLayout;
      data.push(allocate(dtype, shape.length > 0 ? 0 : rows * width));
    }
    return { rows, data, dims: [] };
  }

  /**
   * Stores a feature's value for a row. The rows of a feature have to be stored in order. Returns false if the value
   * does not fit the feature, is outside its range or choices, or has another shape than the rows before it.
   */
  store(to: FeedsData, feature: number, row: number, value: unknown): boolean {
    const layout = this.#features[feature] as FeatureLayout;
    if (layout.shape.length > 0) return this.#storeTensor(layout, to, row, value);
    return storeElement(layout, to.data[layout.input] as TensorData, row * layout.stride + layout.offset, value);
  }

  /** Stores a feature's values for all rows. Returns false if one of them cannot be stored. */
  storeColumn(to: FeedsData, feature: number, values: readonly unknown[]): boolean {
    const layout = this.#features[feature] as FeatureLayout;
    const { stride, offset, shape } = layout;
    const data = to.data[layout.input] as TensorData;
    for (let row = 0; row < values.length; row++) {
      const stored =
        shape.length > 0
          ? this.#storeTensor(layout, to, row, values[row])
          : storeElement(layout, data, row * stride + offset, values[row]);
      if (!stored) return false;
    }
    return true;
  }

  /** Returns the input tensors, once every feature has been stored for every row. */
  feeds({ rows, data, dims }: FeedsData): Record<string, Tensor> {
    const feeds: Record<string, Tensor> = {};
    for (let index = 0; index < this.#inputs.length; index++) {
      const { name, dtype, width } = this.#inputs[index] as InputLayout;
      const own = dims[index];
      const shape = width !== undefined ? [rows, width] : this.#unbatched ? (own ?? []) : own ? [rows, ...own] : [rows];
      feeds[name] = { dtype, shape, data: data[index] as TensorData };
    }
    return feeds;
  }

  #storeTensor(layout: FeatureLayout, to: FeedsData, row: number, value: unknown): boolean {
    const { input, shape, dtype } = layout;
    if (row === 0) to.dims[input] = dimsOf(shape, value);
    const dims = to.dims[input];
    if (dims === undefined) return false;
    const size = dims.reduce((product, dimension) => product * dimension, 1);
    let data = to.data[input] as TensorData;
    if (data.length < (row + 1) * size) {
      // The memory grows with the rows that arrived, because dimensions alone may promise far more than the body holds.
      if (!hasDims(dims, 0, value)) return false;
      data = resize(dtype, data, size * (row === 0 ? 1 : Math.min(2 * row, to.rows)));
      to.data[input] = data;
    }
    return storeNested(layout, dims, 0, data, row * size, value) >= 0;
  }

  #place(feature: Feature, features: readonly Feature[]): FeatureLayout {
    const { dtype, shape, input: name, column } = feature;
    const input = this.#inputs.findIndex((each) => each.name === name);
    const { width = 1 } = this.#inputs[input] ?? {};
    const first = features.findIndex((each) => each.input === name);
    const index = features.findIndex((each) => each.input === name && each.column === column);
    return { ...elementRules(dtype, feature), shape, input, stride: width, offset: index - first };
  }
}
