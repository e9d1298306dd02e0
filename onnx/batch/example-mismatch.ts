import type { Example, OutputValue } from '../signature/model-json.ts';

/** Largest difference from an example's numbers that is still the same answer: other CPUs round otherwise. */
const TOLERANCE = 1e-4;

/** What a model says of one row: as it comes out of the runtime, or as JSON from the service. */
export interface ObservedPrediction {
  readonly prediction?: string | number;
  readonly probabilities?: Readonly<Record<string, number | string>>;
  readonly score?: number | string;
  readonly outputs?: Readonly<Record<string, OutputValue>>;
}

/** In words, how an answer differs from the example's; undefined where it does not. */
export function exampleMismatch(expected: Example, actual: ObservedPrediction | undefined): string | undefined {
  if (expected.prediction !== undefined && !same(expected.prediction, actual?.prediction)) {
    return `expected '${expected.prediction}', predicted '${actual?.prediction ?? 'nothing'}'`;
  }
  for (const [name, probability] of Object.entries(expected.probabilities ?? {})) {
    const predicted = actual?.probabilities?.[name] ?? Number.NaN;
    if (!same(probability, predicted))
      return `expected probability ${probability} of '${name}', predicted ${predicted}`;
  }
  if (expected.score !== undefined && !same(expected.score, actual?.score))
    return `expected the score ${expected.score}, got ${actual?.score ?? 'none'}`;
  for (const [name, value] of Object.entries(expected.outputs ?? {})) {
    const difference = differsAt(name, value, actual?.outputs?.[name]);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function differsAt(place: string, expected: OutputValue, actual: OutputValue | undefined): string | undefined {
  if (typeof expected !== 'object') {
    return typeof actual !== 'object' && same(expected, actual)
      ? undefined
      : `expected ${String(expected)} at output ${place}, got ${formatValue(actual)}`;
  }
  if (typeof actual !== 'object' || actual.length !== expected.length) {
    return `expected ${expected.length} values at output ${place}, got ${typeof actual === 'object' ? String(actual.length) : formatValue(actual)}`;
  }
  for (const [index, value] of expected.entries()) {
    const difference = differsAt(`${place}/${index}`, value, actual[index]);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

/** A number or a 64-bit integer may have been written as a string: "NaN", or digits that a double cannot hold. */
function same(
  expected: number | bigint | string | boolean,
  actual: number | bigint | string | boolean | undefined,
): boolean {
  if (expected === actual || (actual !== undefined && String(expected) === String(actual))) return true;
  if (typeof expected !== 'number' || typeof actual !== 'number') return false;
  return Math.abs(expected - actual) <= TOLERANCE * Math.max(1, Math.abs(expected));
}

function formatValue(value: OutputValue | undefined): string {
  return typeof value === 'object' ? `an array of ${value.length}` : String(value ?? 'nothing');
}
