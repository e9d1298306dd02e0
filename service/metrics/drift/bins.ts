import type { DType } from '../../../onnx/engine/engine.ts';
import { largestFloat } from '../../../onnx/signature/dtypes.ts';
import type { DistributionJson } from '../../../onnx/signature/distribution.ts';

/** What a value is: within its valid range or choices, outside of them, or missing (NaN). */
export type ValueState = 'valid' | 'outside' | 'missing';

/** A part of the values of a feature or of the predictions. */
export interface Bin {
  readonly label: string;
  readonly state: ValueState;
  /** The share of the training data; undefined if model.json does not have it. */
  readonly trainingShare: number | undefined;
}

/** An element of a tensor. */
export type Element = number | bigint | string;

/** Counts values by bin. */
export class BinCounts {
  readonly bins: readonly Bin[];
  readonly counts: Float64Array;
  readonly #indexOf: (value: Element) => number;

  private constructor(bins: readonly Bin[], indexOf: (value: Element) => number) {
    this.bins = bins;
    this.counts = new Float64Array(bins.length);
    this.#indexOf = indexOf;
  }

  add(value: Element): void {
    const index = this.#indexOf(value);
    this.counts[index] = (this.counts[index] as number) + 1;
  }

  /**
   * Counts numbers: by the bins of the training data, or else by ten equal parts of the range, or powers of ten.
   *
   * @param dtype their type: a bound counts as it would in a tensor, since 7.9 is a little more as a float32
   */
  static ofNumbers(
    dtype: DType,
    range: readonly [number, number] | undefined,
    distribution: DistributionJson | undefined,
  ): BinCounts {
    const mayBeMissing = largestFloat(dtype) !== undefined;
    const inTensor = (number: number): number =>
      dtype === 'float32' ? Math.fround(number) : dtype === 'float16' ? (Float16Array.of(number)[0] ?? number) : number;
    const bounds = distribution?.bounds ?? (range === undefined ? powersOfTen : equalParts(range));
    const [low, high] = range ?? [-Infinity, Infinity];
    const other = distribution && 0;
    const inside = [...bounds, Infinity].map((bound, index): Bin => ({
      label: intervalLabel(bounds[index - 1], bound),
      state: 'valid',
      trainingShare: distribution?.shares[index],
    }));
    const outside: readonly Bin[] = [
      { label: `< ${low}`, state: 'outside', trainingShare: other },
      { label: `> ${high}`, state: 'outside', trainingShare: other },
    ];
    const missing: Bin = { label: 'NaN', state: 'missing', trainingShare: distribution && (distribution.missing ?? 0) };
    const bins = [...inside, ...(range === undefined ? [] : outside), ...(mayBeMissing ? [missing] : [])];
    const below = inside.length;
    const [lowest, highest] = [inTensor(low), inTensor(high)];
    const highestOfBins = bounds.map(inTensor);
    return new BinCounts(bins, (value) => {
      const number = Number(value);
      if (number < lowest) return below;
      if (number > highest) return below + 1;
      if (Number.isNaN(number)) return bins.length - 1;
      let bin = 0;
      while (bin < highestOfBins.length && number > (highestOfBins[bin] as number)) bin++;
      return bin;
    });
  }

  /**
   * Counts values of which all valid ones are known, such as choices or classes.
   *
   * @param keys the values as tensors have them
   */
  static ofNames(
    names: readonly string[],
    keys: readonly Element[],
    distribution: DistributionJson | undefined,
  ): BinCounts {
    const known = names.map((label, index): Bin => ({
      label,
      state: 'valid',
      trainingShare: distribution?.shares[index],
    }));
    const indexes = new Map(keys.map((key, index) => [key, index]));
    const bins: Bin[] = [...known, { label: '(other)', state: 'outside', trainingShare: distribution && 0 }];
    return new BinCounts(bins, (value) => indexes.get(value) ?? known.length);
  }
}

/** For numbers about which nothing is known. */
const powersOfTen = [
  -1e6, -1e5, -1e4, -1000, -100, -10, -1, -0.1, -0.01, 0, 0.01, 0.1, 1, 10, 100, 1000, 1e4, 1e5, 1e6,
];

const parts = 10;

function equalParts([low, high]: readonly [number, number]): readonly number[] {
  const bounds = Array.from({ length: parts - 1 }, (_, index) =>
    Number((low + ((high - low) * (index + 1)) / parts).toPrecision(6)),
  );
  return [...new Set(bounds)];
}

/** Returns the name of a bin: the values up to a bound, and above the one before. */
function intervalLabel(above: number | undefined, upTo: number): string {
  if (upTo === Infinity) return above === undefined ? 'all' : `> ${above}`;
  return above === undefined ? `≤ ${upTo}` : `(${above}, ${upTo}]`;
}
