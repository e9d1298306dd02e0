import type { DType } from '../../onnx/engine/engine.ts';
import type { Feature } from '../../onnx/signature/features.ts';
import type { FeatureJson } from '../../onnx/signature/model-json.ts';
import { closestName } from '../../onnx/signature/closest-name.ts';
import { UsageError } from '../failure.ts';
import { listNames, matchColumns } from '../row-files/match-columns.ts';

/** A feature, and the column of the file with its values. */
export interface MatchedFeature {
  readonly column: string;
  /** With the unit that the column's name has in parentheses. */
  readonly json: Pick<FeatureJson, 'name' | 'unit'>;
}

export interface MatchedFeatures {
  /** In the model's order. */
  readonly features: readonly MatchedFeature[];
  /** What was decided, in sentences. */
  readonly notes: readonly string[];
}

export interface FileColumns {
  /** The file's name, for messages. */
  readonly file: string;
  readonly columns: readonly string[];
  /** The column with the true values. */
  readonly target: string | undefined;
}

/**
 * Finds the column of each feature: by name, or by a similar name. The columns of a table have no names in a graph:
 * they get those of the file, in its order, if it has as many.
 *
 * @param named whether the user named the features
 * @throws {UsageError} if a feature has no column, or there is no column with the true values
 */
export function matchFeatures(
  { file, columns, target }: FileColumns,
  features: readonly Feature[],
  named: boolean,
): MatchedFeatures {
  checkTarget(file, columns, target);
  const free = columns.filter((column) => column !== target);
  const nameless = features.filter(({ name }) => !columns.includes(name)).filter(isNameless);
  if (named || nameless.length === 0) return byName(file, free, features);
  const { features: known, others } = byName(
    file,
    free,
    features.filter((feature) => !nameless.includes(feature)),
  );
  const ordered = others.filter((column) => !isIndex(column));
  if (ordered.length !== nameless.length)
    throw new UsageError(
      `${file} has ${counted(ordered.length, 'column')}${known.length > 0 || target !== undefined ? ' more' : ''}, ` +
        `but the model has ${counted(nameless.length, 'feature')} without a name.`,
      {
        details: [`columns: ${listNames(ordered)}`],
        hint:
          (target === undefined ? 'Name the column that the model predicts with --target. ' : '') +
          'Or name the features, in the order of the model, with --features NAME,NAME',
      },
    );
  const taken = features.filter((feature) => !nameless.includes(feature)).map(({ name }) => name);
  // pandas calls columns without names 0, 1, 2, …
  if (
    ordered.every(
      (column, index) => /^[-+.\d]/.test(column) && !Number.isNaN(Number(column)) && column !== String(index),
    )
  )
    throw new UsageError(`The first line of ${file} has numbers rather than names of columns.`, {
      hint: 'Write the names of the columns into the first line.',
    });
  const fromHeader = ordered.map((column, index) => nameAndUnit(column, nameless[index]?.dtype ?? 'string'));
  const names = fromHeader.map(({ name }) => name);
  const isUnique = (name: string): boolean => [...names, ...taken].filter((each) => each === name).length === 1;
  const fromFile = fromHeader.map((json, index): MatchedFeature => {
    const column = ordered[index] ?? '';
    return { column, json: isUnique(json.name) ? json : { name: column } };
  });
  const renamed = fromFile.filter(({ column, json }) => column !== json.name);
  return {
    features: features.map(
      (feature) => fromFile[nameless.indexOf(feature)] ?? (known[taken.indexOf(feature.name)] as MatchedFeature),
    ),
    notes: [
      `The graph does not name its columns: they are those of ${file}, in the same order.` +
        (renamed.length === 0
          ? ''
          : ` ${listNames(renamed.map(({ column, json }) => `${column} is called ${json.name}`))}.`),
    ],
  };
}

function byName(
  file: string,
  columns: readonly string[],
  features: readonly Feature[],
): MatchedFeatures & { readonly others: readonly string[] } {
  const {
    columns: found,
    similar,
    others,
  } = matchColumns(
    file,
    columns,
    features.map(({ name }) => name),
    'the model',
  );
  const ignored = others.filter((column) => !isIndex(column));
  return {
    features: features.map(({ name, dtype }) => {
      const column = found.get(name) ?? name;
      return { column, json: { ...nameAndUnit(column, dtype), name } };
    }),
    notes: [
      ...(similar === undefined ? [] : [`${similar}.`]),
      ...(ignored.length === 0 ? [] : [`Columns that are not features of the model: ${listNames(ignored)}.`]),
    ],
    others,
  };
}

function checkTarget(file: string, columns: readonly string[], target: string | undefined): void {
  if (target === undefined || columns.includes(target)) return;
  const near = closestName(target, columns);
  throw new UsageError(`${file} has no column ${target}.`, {
    details: [near === undefined ? `columns: ${listNames(columns)}` : `the nearest column: ${near}`],
    hint: 'Name the column with the true values in --target.',
  });
}

/** Whether a feature is a column of a table, which `model.json` has to name. */
const isNameless = ({ name, input, column }: Feature): boolean =>
  column !== undefined && name === `${input}_${String(column)}`;

/** Whether a column is the index that pandas writes. */
const isIndex = (column: string): boolean => column === '' || /^Unnamed: \d+$/.test(column);

/** Splits `sepal length (cm)` into the name `sepal_length`, as exporters write it, and the unit `cm`. */
function nameAndUnit(column: string, dtype: DType): { readonly name: string; readonly unit?: string } {
  const [, name = column, inside = ''] = /^(.*\S)\s*[([]([^()[\]]+)[)\]]\s*$/.exec(column) ?? [];
  // Not the number in `price (2020)`.
  const unit = /[^\d\s.,]/.test(inside) ? inside.trim() : undefined;
  return {
    name: (unit === undefined ? column : name).trim().replaceAll(/\s+/g, '_'),
    ...(unit !== undefined && dtype !== 'string' && { unit }),
  };
}

const counted = (count: number, what: string): string => `${String(count)} ${what}${count === 1 ? '' : 's'}`;
