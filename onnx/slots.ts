/** The time was over before a slot was free. */
export class NoSlotError extends Error {
  override readonly name = 'NoSlotError';
}

/** Bounds how much work is done at the same time. */
export class Slots {
  #free: number;
  readonly #waiting = new Set<() => void>();

  constructor(count: number) {
    this.#free = count;
  }

  /**
   * Does the work once a slot is free; those who came first go first.
   *
   * @param deadline how long to wait for a slot, in milliseconds as in `performance.now()`
   * @throws {NoSlotError} at the deadline
   */
  async use<T>(work: () => Promise<T>, deadline = Infinity): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await this.#wait(deadline);
    try {
      return await work();
    } finally {
      const [next] = this.#waiting;
      if (next === undefined) this.#free++;
      else next();
    }
  }

  #wait(deadline: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer =
        deadline === Infinity
          ? undefined
          : setTimeout(
              () => {
                this.#waiting.delete(next);
                reject(new NoSlotError('The time was over before a slot was free.'));
              },
              Math.max(0, deadline - performance.now()),
            );
      const next = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(next);
        resolve();
      };
      this.#waiting.add(next);
    });
  }
}
