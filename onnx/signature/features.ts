import type { DType } from '../engine/engine.ts';
import type { Batching } from './batching.ts';
import { resolveDecode, type Decode } from './decode.ts';
import { checkDistribution } from './distribution.ts';
import type { FeatureJson } from './model-json.ts';
import { largestFloat } from './dtypes.ts';
import { namesOfInputs, resolveTokens } from './tokens.ts';
import { describeTensor, SignatureError, type TensorSpec } from './tensor-spec.ts';

/** One named value of a row: a column of an input that is a table `[N, columns]`, or a whole input. */
export interface Feature extends Omit<FeatureJson, 'decode'> {
  readonly dtype: DType;
  /** The name of the input. */
  readonly input: string;
  /** The index of the column in a table; undefined if the feature is a whole input. */
  readonly column?: number;
  /** The shape of one row's value; [] is a scalar. A dynamic dimension is its symbol, or '' if it has none. */
  readonly shape: readonly (number | string)[];
  /** Whether a row may leave it out, together with the other columns of its input. @default false */
  readonly optional?: boolean;
  /**
   * Whether it is a sequence of tensors, whose shapes may differ; the first dimension of the shape then counts them.
   * The shape is [] if not even the number of their dimensions is known.
   * @default false
   */
  readonly sequence?: boolean;
  /** What makes the tensor of the value in a request. @default the request has the tensor's values */
  readonly decode?: Decode;
}

/** Nobody names the columns of a wider table: each of its rows is one vector. */
const mostColumns = 256;

/**
 * Returns the features of a model, in the graph's order: one per column of a table, and one per other input.
 *
 * @param json names, units, ranges and choices: one entry per column, or one per input
 * @throws {SignatureError} if there are not as many entries, two features have the same name, a nullable feature is not
 *   a float, one with choices is not a string, or a distribution does not fit its feature
 */
export function resolveFeatures(
  inputs: readonly TensorSpec[],
  batching: Batching,
  json: readonly FeatureJson[] | undefined,
): Feature[] {
  if (json?.some(isText) === true) return withTexts(inputs, batching, json);
  const byColumn = inputs.flatMap((input) => columnsOf(input, batching));
  if (json === undefined) return distinct(byColumn);
  if (json.length === byColumn.length)
    return checked(byColumn.map((feature, index) => described(feature, json[index])));
  if (json.length === inputs.length)
    return checked(inputs.map((input, index) => described(wholeInput(input, batching), json[index])));
  const count =
    inputs.length === byColumn.length
      ? String(byColumn.length)
      : `${byColumn.length} columns, in ${inputs.length} ${inputs.length === 1 ? 'input' : 'inputs'}`;
  const names = shortened(byColumn.map(({ name }) => name));
  throw new SignatureError(`model.json names ${json.length} features, but the model has ${count} (${names})`);
}

const isText = ({ decode }: FeatureJson): boolean => decode?.tokens !== undefined;

/** Returns the features of a model of which some are texts, each for several inputs. */
function withTexts(inputs: readonly TensorSpec[], batching: Batching, json: readonly FeatureJson[]): Feature[] {
  const texts = json.filter(isText).map((feature) => textFeature(feature, inputs));
  const covered = texts.flatMap(inputsOf);
  const twice = covered.find((name, index) => covered.indexOf(name) < index);
  if (twice !== undefined)
    throw new SignatureError(
      `two features of model.json are texts for the input '${twice}'. Name the inputs of each in "decode.tokens".`,
    );
  const rest = inputs.filter(({ name }) => !covered.includes(name));
  const others = json.filter((feature) => !isText(feature));
  const features = [...texts, ...(rest.length + others.length === 0 ? [] : resolveFeatures(rest, batching, others))];
  const place = ({ input }: Feature): number => inputs.findIndex(({ name }) => name === input);
  return distinct(features.toSorted((a, b) => place(a) - place(b)));
}

/** To a client, a text is a string, whatever inputs it becomes. */
function textFeature({ decode, ...json }: FeatureJson, inputs: readonly TensorSpec[]): Feature {
  const tokens = resolveTokens(json.name, decode?.tokens ?? {}, inputs);
  return { ...json, dtype: 'string', input: tokens.inputs.ids, shape: [], decode: { tokens } };
}

/** Returns the names of the inputs that a feature determines, alone or as one of their columns. */
export const inputsOf = ({ input, decode }: Feature): readonly string[] =>
  decode?.tokens === undefined ? [input] : namesOfInputs(decode.tokens.inputs);

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
  const { name, dtype, optional } = input;
  return Array.from({ length: width }, (_, column) => ({
    name: width === 1 ? name : `${name}_${column}`,
    dtype,
    input: name,
    column,
    shape: [],
    ...(optional && { optional }),
  }));
}

function wholeInput({ name, dtype, shape, optional, sequence }: TensorSpec, batching: Batching): Feature {
  const own = batching === 'unbatched' ? shape : shape.slice(1);
  return { name, dtype, input: name, shape: own, ...(optional && { optional }), ...(sequence && { sequence }) };
}

/** Adds what `model.json` says about a feature. */
export function described(feature: Feature, { decode, ...json }: Partial<FeatureJson> = {}): Feature {
  const named = { ...feature, ...json };
  return decode?.image === undefined ? named : { ...named, decode: resolveDecode(named, decode.image) };
}

function checked(features: readonly Feature[]): Feature[] {
  const odd = features.find(({ nullable, dtype }) => nullable === true && largestFloat(dtype) === undefined);
  if (odd)
    throw new SignatureError(
      `model.json says that the feature '${odd.name}' is nullable, but it is ${odd.dtype}, and only floats can be ` +
        'missing. Leave "nullable" out.',
    );
  const numeric = features.find(({ choices, dtype }) => choices !== undefined && dtype !== 'string');
  if (numeric)
    throw new SignatureError(
      `model.json lists choices for the feature '${numeric.name}', but it is ${numeric.dtype}, and only strings have ` +
        'choices. Use "range" for numbers.',
    );
  for (const { name, dtype, choices, distribution } of features)
    if (distribution !== undefined)
      checkDistribution(distribution, `the feature '${name}'`, dtype === 'string' ? (choices ?? []) : undefined);
  return distinct(features);
}

function distinct(features: readonly Feature[]): Feature[] {
  const seen = new Set<string>();
  for (const { name } of features) {
    if (seen.has(name))
      throw new SignatureError(
        `two features are called '${name}': give each feature its own name in "features" of model.json`,
      );
    seen.add(name);
  }
  return [...features];
}

function shortened(names: readonly string[]): string {
  return names.length > 20 ? `${names.slice(0, 20).join(', ')}, …` : names.join(', ');
}

/** A request with more in one tensor is refused anyway. */
const MOST_ROW_ELEMENTS = 2 ** 26;

/**
 * Checks that no input has more elements than a request can hold.
 *
 * @throws {SignatureError} for an input with too many elements per row
 */
export function checkInputs(inputs: readonly TensorSpec[]): void {
  const wide = inputs.find((input) => rowElements(input) > MOST_ROW_ELEMENTS);
  if (wide)
    throw new SignatureError(
      `input ${describeTensor(wide)} has ${rowElements(wide)} elements per row, but at most ${MOST_ROW_ELEMENTS} are ` +
        'supported',
    );
}

/** Returns how many elements a row of an input has at least: dynamic dimensions may be 1. */
export const rowElements = ({ shape }: Pick<TensorSpec, 'shape'>): number =>
  shape.reduce<number>((product, dimension) => product * (typeof dimension === 'number' ? dimension : 1), 1);
