import { describeKind, largestFloat, type Scalar } from '../../../onnx/signature/dtypes.ts';
import { describeEncoded } from '../../../onnx/signature/decode.ts';
import type { Feature } from '../../../onnx/signature/features.ts';
import { closestName } from '../../../onnx/signature/closest-name.ts';
import { readCell, type Cell, type CellProblem, type SentCell } from '../../../onnx/signature/cells.ts';
import { formatType } from '../../../onnx/signature/tensor-spec.ts';
import type { Issue } from '../../contract/index.ts';
import { IssueList, pointerTo, shorten, jsonTypeOf } from '../issue-list.ts';
import { WarningList } from './warning-list.ts';

/** For the unknown fields of a row: comparing a name with all others takes time. */
const MOST_SUGGESTIONS = 10;
const MOST_NAMES = 20;
const OUTSIDE_RANGE = 'The value is outside the valid range.';
const NOT_A_CHOICE = 'The value is not one that the model knows.';

/** Returns the path of a value in the body. */
export type PathOf = () => readonly (string | number)[];

/** Reads the values of features and collects the issues and warnings. */
export class CellReader {
  readonly issues = new IssueList();
  readonly warnings = new WarningList();
  readonly #strict: boolean;

  /** @param strict rejects values outside their feature's range or choices, which otherwise only cause a warning */
  constructor(strict: boolean) {
    this.#strict = strict;
  }

  /** Reads the value of a feature in a row. An invalid value adds an issue, and 0 takes its place. */
  read(feature: Feature, value: unknown, row: number, pathOf: PathOf): SentCell {
    const { cell, problem } = readCell(feature, value);
    if (problem !== undefined) {
      this.issues.add(() => ({
        pointer: pointerTo(...pathOf(), ...problem.path),
        detail: describeMismatch(feature, problem),
        value: shorten(problem.value),
        expected: feature.shape.length === 0 && !feature.sequence ? describeExpected(feature) : problem.expected,
      }));
      return 0;
    }
    const outside = cell instanceof Uint8Array ? undefined : firstOutside(feature, cell);
    if (outside) {
      const issue = (): Issue => ({
        pointer: pointerTo(...pathOf(), ...outside.path),
        detail: feature.choices === undefined ? OUTSIDE_RANGE : NOT_A_CHOICE,
        value: shorten(outside.value),
        expected: describeExpected(feature),
      });
      if (this.#strict) this.issues.add(issue);
      else this.warnings.add(feature.name, row, issue);
    }
    return cell;
  }

  /** Adds an issue for each key that is not the name of a feature, and suggests the closest name. */
  refuseUnknown(
    features: readonly Feature[],
    item: Readonly<Record<string, unknown>>,
    base: readonly (string | number)[],
  ): void {
    const known = new Set(features.map(({ name }) => name));
    let suggestions = 0;
    for (const name of Object.keys(item)) {
      if (known.has(name)) continue;
      if (this.issues.full) return;
      this.issues.add(() => {
        const meant =
          suggestions++ < MOST_SUGGESTIONS
            ? closestName(
                name,
                [...known].filter((each) => !Object.hasOwn(item, each)),
              )
            : undefined;
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

/** Lists the names of the features, for a message. Each issue has them again, so only the first ones of many. */
export function namesOf(features: readonly Feature[]): string {
  const names = features.slice(0, MOST_NAMES).map(({ name }) => name);
  return [...names, ...(features.length > MOST_NAMES ? ['…'] : [])].join(', ');
}

/** Describes what a feature accepts. */
export function describeExpected(feature: Feature): string {
  if (feature.decode?.image !== undefined) return describeEncoded(feature.decode.image);
  const { dtype, shape, unit, range, choices, nullable, sequence } = feature;
  const what =
    shape.length > 0 || sequence
      ? `${sequence ? 'an array of tensors' : 'nested arrays'} (${formatType(feature)})` +
        (choices ? ` with ${listChoices(choices)}` : '')
      : choices
        ? listChoices(choices)
        : `${describeKind(dtype)} (${dtype})`;
  const limits = range ? ` from ${range[0]} to ${range[1]}` : '';
  return `${what}${limits}${unit ? ` in ${unit}` : ''}${nullable === true ? ', or null' : ''}`;
}

/** Lists what a text may be, for a message: only the first ones of many. */
function listChoices(choices: readonly string[]): string {
  const more = choices.length - MOST_NAMES;
  const listed = choices.slice(0, MOST_NAMES).map((choice) => JSON.stringify(choice));
  return `one of ${listed.join(', ')}${more > 0 ? ` or ${more} more` : ''}`;
}

/** Says what is wrong with a value. What was expected is a field of its own in an issue. */
function describeMismatch({ dtype, shape }: Feature, { path, value, isLength }: CellProblem): string {
  if (isLength) return 'The array has the wrong length.';
  const got = `Got ${jsonTypeOf(value)}.`;
  if (path.length < shape.length) return got;
  if (dtype === 'string' && typeof value === 'string')
    return 'The text contains the character U+0000 or a lone surrogate.';
  // What pandas sends for a missing value.
  if (value === null && largestFloat(dtype) !== undefined)
    return `${got} For a missing value, send "NaN", or set "nullable" of the feature in model.json.`;
  const numeric = dtype !== 'string' && dtype !== 'bool';
  return numeric && (typeof value === 'number' || typeof value === 'bigint')
    ? `The number is outside the range of ${dtype}.`
    : got;
}

/** The sets of the models' choices: a body may have a hundred thousand rows, each with a value to look up. */
const choiceSets = new WeakMap<readonly string[], ReadonlySet<string>>();

function choiceSet(choices: readonly string[]): ReadonlySet<string> {
  const known = choiceSets.get(choices) ?? new Set(choices);
  choiceSets.set(choices, known);
  return known;
}

/** Finds the first element outside the range or the choices. NaN, which is a missing value, is in every range. */
function firstOutside(
  { range, choices }: Feature,
  cell: NonNullable<Cell>,
): { readonly path: readonly number[]; readonly value: Scalar } | undefined {
  if (range === undefined && choices === undefined) return undefined;
  const [low, high] = range ?? [-Infinity, Infinity];
  const known = choices && choiceSet(choices);
  const outside = (value: Scalar): boolean =>
    typeof value === 'string'
      ? known !== undefined && !known.has(value)
      : typeof value !== 'boolean' && (value < low || value > high);
  if (typeof cell !== 'object') return outside(cell) ? { path: [], value: cell } : undefined;
  const index = Array.prototype.findIndex.call(cell.data, outside);
  const value = cell.data[index];
  if (value === undefined) return undefined;
  if (cell.parts !== undefined) return { path: [], value };
  const path: number[] = [];
  for (let rest = index, axis = cell.shape.length - 1; axis >= 0; axis--) {
    const length = cell.shape[axis] ?? 1;
    path.unshift(rest % length);
    rest = Math.floor(rest / length);
  }
  return { path, value };
}
