import { measureIris } from './iris.ts';
import type { Measurement } from './measurement.ts';

/** In the order in which they run. */
export const measurements: readonly Measurement[] = [
  { name: 'iris', what: 'throughput of the smallest model: bare Node, naive code, Rhizome', run: measureIris },
];
