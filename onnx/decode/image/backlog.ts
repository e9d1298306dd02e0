/** How much of the estimate a new measurement replaces. */
const WEIGHT = 0.2;
/** An image counts as this many times the estimate at most: a process may be paused once, or wait for its CPU limit. */
const MOST_RISE = 3;
/** Until an image is measured: what a small photo takes on a fast machine. */
const FIRST_MS = 2;

/** The images that are not decoded yet, and how fast they are decoded at present. */
export class Backlog {
  readonly #atOnce: number;
  #images = 0;
  #millisecondsEach = FIRST_MS;

  /** @param atOnce how many images are decoded at the same time */
  constructor(atOnce: number) {
    this.#atOnce = atOnce;
  }

  /** About how long an image that comes now has to wait. */
  get waitMs(): number {
    return (this.#images * this.#millisecondsEach) / this.#atOnce;
  }

  /** An image has come. Each leaves exactly once. */
  enter(): void {
    this.#images++;
  }

  /** @param milliseconds for which the image was worked on; 0 if it was given up before */
  leave(milliseconds: number): void {
    this.#images--;
    if (milliseconds === 0) return;
    const known = this.#millisecondsEach;
    this.#millisecondsEach += WEIGHT * (Math.min(milliseconds, MOST_RISE * known) - known);
  }
}
