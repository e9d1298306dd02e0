import { describeKind, type Scalar } from '../../../onnx/signature/dtypes.ts';
import type { DType } from '../../../onnx/engine/engine.ts';
import type { Feature } from '../../../onnx/signature/features.ts';
import { closestName } from '../../../onnx/signature/model-json.ts';
import { readCell, type Cell } from '../../../onnx/signature/cells.ts';
import { formatTensorType } from '../../../onnx/signature/tensor-spec.ts';
import type { Issue } from '../../contract/index.ts';
import { Issues, pointerTo, shorten, whatCame } from '../issue-list.ts';

/** Where a value stands in the body. */
export type Place = () => readonly (string | number)[];

/** Reads the values of features, one after the other, and keeps what is wrong with them. */
export class CellReader {
  readonly issues = new Issues();
  /** Values outside their valid range, by row. */
  readonly warnings = new Map<number, Issue[]>();
  readonly #strict: boolean;

  /** @param strict refuses values outside their feature's range, which otherwise give a warning. */
  constructor(strict: boolean) {
    this.#strict = strict;
  }

  /** The value of a feature in a row; what does not fit is an issue, and stands in for a value. */
  read(feature: Feature, value: unknown, row: number, place: Place): Cell {
    const { cell, problem } = readCell(feature, value);
    if (problem !== undefined) {
      this.issues.add(() => ({
        pointer: pointerTo(...place(), ...problem.path),
        detail: misfit(feature.dtype, problem.value, problem.path.length === feature.shape.length),
        value: shorten(problem.value),
        expected: feature.shape.length === 0 ? expectation(feature) : problem.expected,
      }));
      return 0;
    }
    const outside = feature.range && firstOutside(feature.range, cell);
    if (outside) {
      const issue = (): Issue => ({
        pointer: pointerTo(...place(), ...outside.path),
        detail: 'Outside the valid range.',
        value: shorten(outside.value),
        expected: expectation(feature),
      });
      if (this.#strict) this.issues.add(issue);
      else this.warnings.set(row, [...(this.warnings.get(row) ?? []), issue()]);
    }
    return cell;
  }

  /** An issue for each key that is no feature's name, with the name that was probably meant. */
  refuseUnknown(
    features: readonly Feature[],
    item: Readonly<Record<string, unknown>>,
    base: readonly (string | number)[],
  ): void {
    const known = new Set(features.map(({ name }) => name));
    for (const name of Object.keys(item)) {
      if (known.has(name)) continue;
      this.issues.add(() => {
        const meant = closestName(
          name,
          [...known].filter((each) => !Object.hasOwn(item, each)),
        );
        const hint = meant === undefined ? '' : ` Did you mean '${meant}'?`;
        return {
          pointer: pointerTo(...base, name),
          detail: `Unknown field.${hint}`,
          value: shorten(item[name]),
          expected: namesOf(features),
        };
      });
    }
  }
}

/** The features that there are, for a message. */
export function namesOf(features: readonly Feature[]): string {
  return features.map(({ name }) => name).join(', ');
}

/** What a feature takes, in words. */
export function expectation({ dtype, shape, unit, range }: Feature): string {
  const what =
    shape.length === 0 ? `${describeKind(dtype)} (${dtype})` : `nested arrays (${formatTensorType(dtype, shape)})`;
  return `${what}${range ? ` from ${range[0]} to ${range[1]}` : ''}${unit ? ` in ${unit}` : ''}`;
}

function misfit(dtype: DType, value: unknown, isElement: boolean): string {
  if (!isElement) return 'Not an array of the right length.';
  if (dtype === 'string' && typeof value === 'string') return 'Holds the character U+0000, or half a surrogate pair.';
  const numeric = dtype !== 'string' && dtype !== 'bool';
  return numeric && (typeof value === 'number' || typeof value === 'bigint')
    ? `Not within ${dtype}.`
    : `Expected ${describeKind(dtype)}, got ${whatCame(value)}.`;
}

/** NaN, a missing value, is in every range. */
function firstOutside(
  [low, high]: readonly [number, number],
  cell: Cell,
): { path: number[]; value: Scalar } | undefined {
  const outside = (value: Scalar): boolean =>
    (typeof value === 'number' || typeof value === 'bigint') && (value < low || value > high);
  if (typeof cell !== 'object') return outside(cell) ? { path: [], value: cell } : undefined;
  const index = cell.data.findIndex(outside);
  const value = cell.data[index];
  if (value === undefined) return undefined;
  const path: number[] = [];
  for (let rest = index, axis = cell.shape.length - 1; axis >= 0; axis--) {
    const length = cell.shape[axis] ?? 1;
    path.unshift(rest % length);
    rest = Math.floor(rest / length);
  }
  return { path, value };
}
