import type { Example, OutputValue } from '../signature/model-json.ts';

/** Largest relative difference from an example's numbers, absolute below 1: other CPUs round differently. */
const TOLERANCE = 1e-4;

/** A prediction to compare with an example: from the runtime, or as JSON from the service. */
export interface ObservedPrediction {
  readonly prediction?: string | number;
  readonly probabilities?: Readonly<Record<string, number | string>>;
  readonly scores?: Readonly<Record<string, number | string>>;
  readonly score?: number | string;
  readonly outputs?: Readonly<Record<string, OutputValue>>;
}

/** Describes how a prediction differs from an example's; undefined if it does not. */
export function exampleMismatch(expected: Example, actual: ObservedPrediction | undefined): string | undefined {
  if (expected.prediction !== undefined && !same(expected.prediction, actual?.prediction)) {
    return `expected '${expected.prediction}', predicted '${actual?.prediction ?? 'nothing'}'`;
  }
  for (const [key, what] of [
    ['probabilities', 'probability'],
    ['scores', 'the score'],
  ] as const) {
    for (const [name, number] of Object.entries(expected[key] ?? {})) {
      const predicted = actual?.[key]?.[name] ?? Number.NaN;
      if (!same(number, predicted)) return `expected ${what} ${number} of '${name}', predicted ${predicted}`;
    }
  }
  if (expected.score !== undefined && !same(expected.score, actual?.score))
    return `expected the score ${expected.score}, got ${actual?.score ?? 'none'}`;
  for (const [name, value] of Object.entries(expected.outputs ?? {})) {
    const difference = valueMismatch(name, value, actual?.outputs?.[name]);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function valueMismatch(place: string, expected: OutputValue, actual: OutputValue | undefined): string | undefined {
  if (typeof expected !== 'object') {
    return typeof actual !== 'object' && same(expected, actual)
      ? undefined
      : `expected ${String(expected)} at output ${place}, got ${formatValue(actual)}`;
  }
  if (typeof actual !== 'object' || actual.length !== expected.length) {
    const got = typeof actual === 'object' ? String(actual.length) : formatValue(actual);
    return `expected ${expected.length} values at output ${place}, got ${got}`;
  }
  for (const [index, value] of expected.entries()) {
    const difference = valueMismatch(`${place}/${index}`, value, actual[index]);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

/** Compares two elements. A number may be written as a string: "NaN", or digits that a double cannot hold. */
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
