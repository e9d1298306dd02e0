import type { Cell } from '../../onnx/signature/cells.ts';
import type { Feature } from '../../onnx/signature/features.ts';
import type { FeatureJson } from '../../onnx/signature/model-json.ts';

/** A column with more different texts has names or sentences rather than categories. */
export const mostChoices = 100;

/** Collects what the values of a feature show: the lowest and the highest number, or the different texts. */
export class FeatureFacts {
  readonly #isScalar: boolean;
  #low = Infinity;
  #high = -Infinity;
  #texts = 0;
  readonly #different = new Set<string>();

  constructor({ shape }: Pick<Feature, 'shape'>) {
    this.#isScalar = shape.length === 0;
  }

  add(cell: Cell): void {
    if (!this.#isScalar) return;
    if (typeof cell === 'string') {
      this.#texts++;
      if (this.#different.size <= mostChoices) this.#different.add(cell);
    } else if (typeof cell === 'number' || typeof cell === 'bigint') {
      const value = Number(cell);
      if (!Number.isFinite(value)) return;
      this.#low = Math.min(this.#low, value);
      this.#high = Math.max(this.#high, value);
    }
  }

  /** Whether there are too many different texts to list. */
  get hasTooManyChoices(): boolean {
    return this.#different.size > mostChoices;
  }

  /** The range of numbers; the choices of texts, if they are repeated as categories are. */
  get json(): Pick<FeatureJson, 'range' | 'choices'> {
    const areCategories = this.#texts >= 2 * this.#different.size && !this.hasTooManyChoices;
    return {
      ...(this.#low <= this.#high && { range: [this.#low, this.#high] as const }),
      ...(this.#texts > 0 && areCategories && { choices: [...this.#different].toSorted() }),
    };
  }
}
