import type { Cell } from '../../onnx/signature/cells.ts';
import type { Feature } from '../../onnx/signature/features.ts';
import type { FeatureJson } from '../../onnx/signature/model-json.ts';
import { NumberDistribution, textDistribution } from './distributions.ts';

/** A column with more different texts has names or sentences rather than categories. */
export const mostChoices = 100;

/** Collects what the values of a feature show: the lowest and the highest number, or the different texts; how often. */
export class FeatureFacts {
  readonly #isScalar: boolean;
  #low = Infinity;
  #high = -Infinity;
  #texts = 0;
  /** How often each text occurs. */
  readonly #different = new Map<string, number>();
  readonly #numbers = new NumberDistribution();

  constructor({ shape }: Pick<Feature, 'shape'>) {
    this.#isScalar = shape.length === 0;
  }

  add(cell: Cell): void {
    if (!this.#isScalar) return;
    if (typeof cell === 'string') {
      this.#texts++;
      const count = this.#different.get(cell);
      if (count !== undefined || this.#different.size <= mostChoices) this.#different.set(cell, (count ?? 0) + 1);
    } else if (typeof cell === 'number' || typeof cell === 'bigint') {
      const value = Number(cell);
      this.#numbers.add(value);
      if (!Number.isFinite(value)) return;
      this.#low = Math.min(this.#low, value);
      this.#high = Math.max(this.#high, value);
    }
  }

  /** Whether there are too many different texts to list. */
  get hasTooManyChoices(): boolean {
    return this.#different.size > mostChoices;
  }

  /** The range of numbers; the choices of texts, if they are repeated as categories are; and how often each occurs. */
  get json(): Pick<FeatureJson, 'range' | 'choices' | 'distribution'> {
    if (this.#texts === 0) {
      const distribution = this.#numbers.json;
      return {
        ...(this.#low <= this.#high && { range: [this.#low, this.#high] as const }),
        ...(distribution && { distribution }),
      };
    }
    if (this.#texts < 2 * this.#different.size || this.hasTooManyChoices) return {};
    const choices = [...this.#different.keys()].toSorted();
    const distribution = textDistribution(this.#different, choices);
    return { choices, ...(distribution && { distribution }) };
  }
}
