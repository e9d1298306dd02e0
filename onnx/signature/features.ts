import type { DType } from '../engine/engine.ts';
import type { FeatureJson } from './model-json.ts';
import { describeTensor, SignatureError, type TensorSpec } from './tensor-spec.ts';
import type { Batching } from './batching.ts';

/** One named value of a row, and the input that it fills, or of a table `[N, columns]` the column. */
export interface Feature extends FeatureJson {
  readonly dtype: DType;
  readonly input: string;
  /** Of a table; undefined where the value fills the input's whole row. */
  readonly column?: number;
  /** Of one row's value; [] is a scalar. A dynamic dimension is its symbol, or ''. */
  readonly shape: readonly (number | string)[];
}

/** A wider table has no columns that a person would name: its row is one vector. */
const mostColumns = 256;

/**
 * The features of a model: one a column of its tables, one an input of all else, in the graph's order.
 *
 * @param json their names, units and ranges: one a column, or one an input
 * @throws SignatureError
 */
export function resolveFeatures(
  inputs: readonly TensorSpec[],
  batching: Batching,
  json: readonly FeatureJson[] | undefined,
): Feature[] {
  const byColumn = inputs.flatMap((input) => columnsOf(input, batching));
  if (json === undefined) return distinct(byColumn);
  if (json.length === byColumn.length)
    return distinct(byColumn.map((feature, index) => ({ ...feature, ...json[index] })));
  if (json.length === inputs.length)
    return distinct(inputs.map((input, index) => ({ ...wholeInput(input, batching), ...json[index] })));
  const count =
    inputs.length === byColumn.length
      ? String(byColumn.length)
      : `${byColumn.length} columns, in ${inputs.length} ${inputs.length === 1 ? 'input' : 'inputs'}`;
  throw new SignatureError(
    `model.json names ${json.length} features, and the model has ${count} (${shortened(byColumn.map(({ name }) => name))})`,
  );
}

function columnsOf(input: TensorSpec, batching: Batching): Feature[] {
  const [, width] = input.shape;
  if (
    batching === 'unbatched' ||
    input.shape.length !== 2 ||
    typeof width !== 'number' ||
    width < 1 ||
    width > mostColumns
  )
    return [wholeInput(input, batching)];
  const { name, dtype } = input;
  return Array.from({ length: width }, (_, column) => ({
    name: width === 1 ? name : `${name}_${column}`,
    dtype,
    input: name,
    column,
    shape: [],
  }));
}

function wholeInput({ name, dtype, shape }: TensorSpec, batching: Batching): Feature {
  return { name, dtype, input: name, shape: batching === 'unbatched' ? shape : shape.slice(1) };
}

function distinct(features: readonly Feature[]): Feature[] {
  const seen = new Set<string>();
  for (const { name } of features) {
    if (seen.has(name))
      throw new SignatureError(
        `two features are called '${name}': give each a name of its own in "features" of model.json`,
      );
    seen.add(name);
  }
  return [...features];
}

function shortened(names: readonly string[]): string {
  return names.length > 20 ? `${names.slice(0, 20).join(', ')}, …` : names.join(', ');
}

/** @throws SignatureError for an input with a dimension that no tensor can have */
export function checkInputs(inputs: readonly TensorSpec[]): void {
  const empty = inputs.find(({ shape }) => shape.includes(0));
  if (empty)
    throw new SignatureError(
      `input ${describeTensor(empty)} has no elements: export the model with its real or a dynamic dimension`,
    );
}
