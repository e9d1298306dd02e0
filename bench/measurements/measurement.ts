import type { Context } from '../context.ts';

/** A part of the benchmarks that can run alone. */
export interface Measurement {
  readonly name: string;
  readonly what: string;
  readonly run: (context: Context) => Promise<void>;
}
