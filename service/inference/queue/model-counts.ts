/** More sizes of runs than this are only in the sums: clients determine them if the model's rows are not stacked. */
const MOST_SIZES = 256;

/** How often something took time, and how long in sum. */
export class DurationSum {
  count = 0;
  milliseconds = 0;

  add(milliseconds: number): void {
    this.count += 1;
    this.milliseconds += milliseconds;
  }
}

/** The runs of one size. */
export interface SizeCounts {
  readonly input: DurationSum;
  readonly run: DurationSum;
}

/** What one version of a model has done since it was loaded, for the statistics of the Open Inference Protocol. */
export class ModelCounts {
  /** Requests with a response, from their first byte to the response... */
  readonly succeeded = new DurationSum();
  /** ...and requests with an error. */
  readonly failed = new DurationSum();
  /** The time that requests waited for their first run... */
  readonly queue = new DurationSum();
  /** ...that it took to put their inputs together... */
  readonly input = new DurationSum();
  /** ...and that their runs took. Requests that share a run each count all of it. */
  readonly run = new DurationSum();
  rows = 0;
  runs = 0;
  /** By the number of rows. */
  readonly sizes = new Map<number, SizeCounts>();
  /** When the model last ran, in milliseconds as in `Date.now()`. */
  lastRun: number | undefined;

  responded(ok: boolean, milliseconds: number): void {
    (ok ? this.succeeded : this.failed).add(milliseconds);
  }

  /**
   * Counts a run.
   *
   * @param pieces the requests that shared it; one with more rows than a run takes counts once
   * @param rows of all pieces
   * @param taken when they left the queue
   * @param started when the run started, with their inputs put together
   */
  ran(
    pieces: readonly { readonly firstRow: number }[],
    rows: number,
    taken: number,
    started: number,
    ended: number,
  ): void {
    const [input, run] = [started - taken, ended - started];
    for (const { firstRow } of pieces) {
      if (firstRow === 0) {
        this.input.count += 1;
        this.run.count += 1;
      }
      this.input.milliseconds += input;
      this.run.milliseconds += run;
    }
    this.rows += rows;
    this.runs += 1;
    this.lastRun = Date.now();
    let size = this.sizes.get(rows);
    if (size === undefined) {
      if (this.sizes.size === MOST_SIZES) return;
      this.sizes.set(rows, (size = { input: new DurationSum(), run: new DurationSum() }));
    }
    size.input.add(input);
    size.run.add(run);
  }
}
