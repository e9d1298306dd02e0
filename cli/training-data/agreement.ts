import type { Prediction } from '../../onnx/batch/decode-predictions.ts';

/** More different labels are not listed. */
const mostLabels = 1000;

/** Compares predictions with the true values of a file. */
export class Agreement {
  /** How many rows were compared. */
  rows = 0;
  /** The different texts among the true values. */
  readonly labels = new Set<string>();
  #same = 0;
  #distance = 0;

  /** Returns whether the prediction is right; true for a number, which is right to some degree. */
  add({ prediction }: Prediction, label: string | number): boolean {
    this.rows++;
    if (typeof label === 'number') {
      this.#distance += Math.abs(Number(prediction) - label);
      return true;
    }
    if (this.labels.size < mostLabels) this.labels.add(label);
    const same = String(prediction) === label;
    this.#same += Number(same);
    return same;
  }

  /** How many predictions are right. Undefined for numbers. */
  get same(): number | undefined {
    return this.labels.size === 0 ? undefined : this.#same;
  }

  /** Undefined for classes. */
  get meanAbsoluteError(): number | undefined {
    return this.labels.size > 0 || this.rows === 0 ? undefined : this.#distance / this.rows;
  }
}
