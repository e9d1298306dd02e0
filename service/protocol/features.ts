import type { DType } from '../../onnx/engine/engine.ts';
import { integerRange } from '../../onnx/dtypes.ts';
import type { Feature } from '../../onnx/features.ts';
import { readCell, type Cell, type Prediction, type Row } from '../../onnx/rows.ts';
import type { Signature } from '../../onnx/signature.ts';
import type { Issue, JsonNumber, PredictionResponse } from '../contract/index.ts';
import { ServiceError } from '../errors.ts';

/** Beyond these a list of problems helps nobody, and would be larger than the request. */
const MOST_ISSUES = 100;
const MOST_CHARACTERS = 100;

export interface DecodedFeatures {
  readonly rows: readonly Row[];
  /** The body was one object, so the answer is one too. */
  readonly single: boolean;
  /** Values outside their valid range, by row. */
  readonly warnings: ReadonlyMap<number, readonly Issue[]>;
}

/**
 * Reads named features: one object or a non-empty array of them.
 *
 * @param strict refuses values outside their feature's range, which otherwise give a warning.
 * @throws ServiceError `invalid-input` with every bad field.
 */
export function decodeFeatures({ features }: Signature, body: unknown, strict: boolean): DecodedFeatures {
  const issues = new Issues();
  const warnings = new Map<number, Issue[]>();
  const single = !Array.isArray(body);
  const items: readonly unknown[] = Array.isArray(body) ? body : [body];
  if (items.length === 0) issues.add(() => ({ pointer: '#', detail: 'The array is empty.', expected: 'at least one object' }));

  const rows = items.map((item, index) => {
    const base = single ? '#' : `#/${index}`;
    if (!isObject(item)) {
      issues.add(() => ({ pointer: base, detail: 'Not an object.', value: shorten(item), expected: `an object with ${names(features)}` }));
      return [];
    }
    let known = 0;
    const row = features.map((feature): Cell => {
      const pointer = (): string => `${base}/${escape(feature.name)}`;
      if (!Object.hasOwn(item, feature.name)) {
        issues.add(() => ({ pointer: pointer(), detail: 'The field is missing.', expected: expectation(feature) }));
        return 0;
      }
      known++;
      const value = item[feature.name];
      const { cell, problem } = readCell(feature, value);
      if (problem !== undefined) {
        const place = problem.path.map((index) => `/${index}`).join('');
        issues.add(() => ({ pointer: `${pointer()}${place}`, detail: misfit(feature.dtype, problem.value), value: shorten(problem.value), expected: feature.shape.length === 0 ? expectation(feature) : problem.expected }));
        return 0;
      }
      if (outside(feature, cell)) {
        const issue = (): Issue => ({ pointer: pointer(), detail: 'Outside the valid range.', value: shorten(value), expected: expectation(feature) });
        if (strict) issues.add(issue);
        else warnings.set(index, [...(warnings.get(index) ?? []), issue()]);
      }
      return cell;
    });
    if (known < Object.keys(item).length) {
      for (const name of Object.keys(item).filter((key) => !features.some((feature) => feature.name === key))) {
        issues.add(() => ({ pointer: `${base}/${escape(name)}`, detail: 'Unknown field.', value: shorten(item[name]), expected: names(features) }));
      }
    }
    return row;
  });
  issues.throwIfAny();
  return { rows, single, warnings };
}

/** The answer's JSON: an object for an object, an array in the same order for an array. */
export function encodePredictions(
  { name, version }: Signature,
  predictions: readonly Prediction[],
  { single, warnings }: DecodedFeatures,
): PredictionResponse | PredictionResponse[] {
  const model = { name, version };
  const [first, ...rest] = predictions.map(({ prediction, probabilities, score, outputs }, index): PredictionResponse => {
    const warned = warnings.get(index);
    return {
      ...(prediction !== undefined && { prediction: typeof prediction === 'number' ? jsonNumber(prediction) : prediction }),
      ...(probabilities && { probabilities: jsonNumbers(probabilities) }),
      ...(score !== undefined && { score: jsonNumber(score) }),
      ...(outputs && { outputs }),
      model,
      ...(warned && { warnings: warned }),
    };
  });
  return single && first ? first : first ? [first, ...rest] : [];
}

function jsonNumbers(numbers: Readonly<Record<string, number>>): Readonly<Record<string, JsonNumber>> {
  if (Object.values(numbers).every(Number.isFinite)) return numbers;
  return Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, jsonNumber(value)]));
}

function jsonNumber(value: number): JsonNumber {
  return Number.isFinite(value) ? value : (String(value) as JsonNumber);
}

class Issues {
  readonly #first: Issue[] = [];
  #count = 0;

  /** Takes what makes the issue: past those that are listed, a flood must cost nothing but counting. */
  add(issue: () => Issue): void {
    if (this.#count++ < MOST_ISSUES) this.#first.push(issue());
  }

  throwIfAny(): void {
    if (this.#count === 0) return;
    const more = this.#count > MOST_ISSUES ? ` The first ${MOST_ISSUES} are listed.` : '';
    throw new ServiceError('invalid-input', `${this.#count} ${this.#count === 1 ? 'field is' : 'fields are'} wrong.${more}`, {
      issues: this.#first,
    });
  }
}

function misfit(dtype: DType, value: unknown): string {
  const came = value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`;
  return typeof value === 'number' && dtype !== 'string' && dtype !== 'bool' ? `Not within ${dtype}.` : `Expected ${kind(dtype)}, got ${came}.`;
}

function kind(dtype: DType): string {
  if (dtype === 'string') return 'a string';
  if (dtype === 'bool') return 'true or false';
  return integerRange(dtype) ? 'a whole number' : 'a number';
}

function expectation({ dtype, unit, range }: Feature): string {
  return `${kind(dtype)} (${dtype})${range ? ` from ${range[0]} to ${range[1]}` : ''}${unit ? ` in ${unit}` : ''}`;
}

function outside({ range }: Feature, value: Cell): boolean {
  return range !== undefined && typeof value === 'number' && (value < range[0] || value > range[1]);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function names(features: readonly Feature[]): string {
  return features.map(({ name }) => name).join(', ');
}

function escape(key: string): string {
  return encodeURIComponent(shorten(key) as string).replaceAll('~', '~0').replaceAll('%2F', '~1');
}

/** What came, as JSON can show it: long texts cut, nothing nested, no number that JSON lacks. */
function shorten(value: unknown): unknown {
  // A text may hold, or be cut into, half a surrogate pair, which no URI and no UTF-8 can carry.
  if (typeof value === 'string') return (value.length > MOST_CHARACTERS ? `${value.slice(0, MOST_CHARACTERS)}…` : value).toWellFormed();
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (Array.isArray(value)) return '[…]';
  return typeof value === 'object' && value !== null ? '{…}' : value;
}
