import { TimeEstimate } from '../../time-estimate.ts';

/** How much of the estimate a new measurement replaces. */
const WEIGHT = 0.2;
/** Until an image is measured: what a small photo takes on a fast machine. */
const FIRST_MS = 2;

/** The images that are not decoded yet, and how fast they are decoded at present. */
export class Backlog {
  readonly #atOnce: number;
  #images = 0;
  readonly #each = new TimeEstimate(FIRST_MS, WEIGHT);

  /** @param atOnce how many images are decoded at the same time */
  constructor(atOnce: number) {
    this.#atOnce = atOnce;
  }

  /** About how long an image that comes now has to wait. */
  get waitMs(): number {
    return (this.#images * this.#each.milliseconds) / this.#atOnce;
  }

  /** An image has come. Each leaves exactly once. */
  enter(): void {
    this.#images++;
  }

  /** @param milliseconds for which the image was worked on; 0 if it was given up before */
  leave(milliseconds: number): void {
    this.#images--;
    if (milliseconds > 0) this.#each.add(milliseconds);
  }
}
