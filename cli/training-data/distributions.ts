import { seededRandom } from '../../onnx/seeded-random.ts';
import type { DistributionJson } from '../../onnx/signature/distribution.ts';

/** The values that are kept of a column. With so many, the share of a bin is right to about 0.3 percentage points. */
const mostValues = 10_000;
/** Bins with as many values each, as is usual for the population stability index. */
const bins = 10;
/** Of a bound: it need not be exact. */
const digits = 6;

const share = (count: number, of: number): number => Number((count / of).toFixed(4));

/** Collects how numbers are distributed. */
export class NumberDistribution {
  /** A sample in which each number has the same chance to be. */
  readonly #values: number[] = [];
  readonly #random = seededRandom(36);
  #seen = 0;
  #missing = 0;

  /** @param value NaN is a missing value; infinite ones are not counted */
  add(value: number): void {
    if (Number.isNaN(value)) this.#missing++;
    if (!Number.isFinite(value)) return;
    const index = Math.floor(this.#random() * ++this.#seen);
    if (this.#values.length < mostValues) this.#values.push(value);
    else if (index < mostValues) this.#values[index] = value;
  }

  /** Undefined if there are no numbers. */
  get json(): DistributionJson | undefined {
    const values = Float64Array.from(this.#values).sort();
    const { length } = values;
    if (length === 0) return undefined;
    const highest = values[length - 1] as number;
    const deciles = Array.from({ length: bins - 1 }, (_, index) =>
      Number((values[Math.floor((length * (index + 1)) / bins)] as number).toPrecision(digits)),
    );
    const bounds = [...new Set(deciles)].filter((bound) => bound < highest);
    const upTo = [...bounds.map((bound) => values.findLastIndex((value) => value <= bound) + 1), length];
    const all = this.#seen + this.#missing;
    // Missing values are a bin, too: all shares add up to 1.
    const present = this.#seen / all;
    return {
      bounds,
      shares: upTo.map((count, index) => share((count - (upTo[index - 1] ?? 0)) * present, length)),
      ...(this.#missing > 0 && { missing: share(this.#missing, all) }),
    };
  }
}

/** Returns how texts are distributed, by the bins that they belong to. */
export function textDistribution(
  counts: ReadonlyMap<string, number>,
  names: readonly string[],
): DistributionJson | undefined {
  const all = [...counts.values()].reduce((sum, count) => sum + count, 0);
  return all === 0 ? undefined : { shares: names.map((name) => share(counts.get(name) ?? 0, all)) };
}
