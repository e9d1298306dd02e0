import type { Example } from './model-json.ts';

/** Largest difference from an example's numbers that is still the same answer: other CPUs round otherwise. */
const TOLERANCE = 1e-4;

/** What a model says of one row: as it comes out of the runtime, or as JSON from the service. */
export interface Answer {
  readonly prediction?: string | number;
  readonly probabilities?: Readonly<Record<string, number>>;
}

/** In words, how an answer differs from the example's; undefined where it does not. */
export function differs(expected: Example, actual: Answer | undefined): string | undefined {
  const same = typeof expected.prediction === 'number'
    ? close(expected.prediction, Number(actual?.prediction))
    : expected.prediction === actual?.prediction;
  if (!same) return `expected '${expected.prediction}', predicted '${actual?.prediction ?? 'nothing'}'`;
  for (const [name, probability] of Object.entries(expected.probabilities ?? {})) {
    const predicted = actual?.probabilities?.[name] ?? Number.NaN;
    if (!close(probability, predicted)) return `expected probability ${probability} of '${name}', predicted ${predicted}`;
  }
  return undefined;
}

function close(expected: number, actual: number): boolean {
  return Math.abs(expected - actual) <= TOLERANCE * Math.max(1, Math.abs(expected));
}
