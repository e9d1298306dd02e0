/** A measurement counts as this many times the estimate at most: a process may be paused, or wait for its CPU limit. */
const MOST_RISE = 3;

/** How long a piece of work takes at present, in milliseconds, by what the last ones took. */
export class TimeEstimate {
  #milliseconds: number;
  readonly #weight: number;

  /**
   * @param first the estimate before anything is measured; 0 if there is none
   * @param weight how much of the estimate a new measurement replaces, from 0 to 1
   */
  constructor(first: number, weight: number) {
    this.#milliseconds = first;
    this.#weight = weight;
  }

  get milliseconds(): number {
    return this.#milliseconds;
  }

  /** A piece of work has taken some milliseconds. */
  add(milliseconds: number): void {
    const known = this.#milliseconds;
    const counted = known === 0 ? milliseconds : Math.min(milliseconds, MOST_RISE * known);
    this.#milliseconds += this.#weight * (counted - known);
  }
}
