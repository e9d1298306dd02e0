import type { GraphNode } from '../graph/node.ts';
import type { Cell, Row } from '../signature/cells.ts';
import type { Scalar } from '../signature/dtypes.ts';
import { toElement } from '../signature/dtypes.ts';
import type { Feature } from '../signature/features.ts';
import type { Signature } from '../signature/signature.ts';
import { seededRandom } from '../seeded-random.ts';
import { elementsOf, plausibleShapes, type RowShapes } from './plausible-shapes.ts';

/** The values that a feature may have: those in a list, or the numbers in an interval. */
type Values =
  { readonly list: readonly Scalar[] } | { readonly low: number; readonly high: number; readonly whole: boolean };

/** If the graph says nothing, each of these intervals is tried in turn. */
const guesses = [
  [0, 1],
  [0, 10],
  [-3, 3],
  [0, 100],
] as const;
/** If no row runs with those, zero may: it is an index into any table. */
const zero = [0, 0] as const;
const MOST_ELEMENTS = 2 ** 24;
/** The values of a larger row are for nobody to read. */
const MOST_ROUNDED_ELEMENTS = 2 ** 14;

/** Returns all sets of `plausibleInputSets`. */
export function plausibleInputs(signature: Signature, nodes: readonly GraphNode[], rows = 64): Row[][] {
  return [...plausibleInputSets(signature, nodes, rows)];
}

/** A generated row, and the shapes of its values. */
export interface GeneratedRow {
  readonly row: Row;
  readonly shapes: RowShapes;
}

/** Generates single rows of every plausible shape, the most plausible values first. */
export function* plausibleRows(signature: Signature, nodes: readonly GraphNode[]): Generator<GeneratedRow, void> {
  for (const ranges of plausibleValues(signature, nodes, [...guesses, zero]))
    for (const shapes of plausibleShapes(signature))
      yield { row: rowsOf(signature, ranges, shapes, 1)[0] ?? [], shapes };
}

/**
 * Generates rows that look like the training data, as far as the graph shows it: a scaler has the mean and deviation, a
 * tree its thresholds, an encoder its categories. Always generates the same rows for the same model.
 *
 * Generates sets of rows, the most plausible first, each only when it is needed. There is none for a model whose rows
 * are very large.
 *
 * @param shapes the shapes of a row that is known to run; by default the most plausible ones
 */
export function* plausibleInputSets(
  signature: Signature,
  nodes: readonly GraphNode[],
  rows: number,
  shapes?: RowShapes,
): Generator<Row[], void> {
  const known = shapes ?? plausibleShapes(signature).next().value;
  if (known === undefined) return;
  for (const ranges of plausibleValues(signature, nodes, guesses)) yield rowsOf(signature, ranges, known, rows);
}

/** Returns the values that each feature may have, in the order of the guesses; only once if the graph shows them. */
function plausibleValues(
  { features }: Signature,
  nodes: readonly GraphNode[],
  intervals: readonly Interval[],
): Values[][] {
  const known = numbersKnown(nodes, features);
  const lists = categories(nodes);
  return intervals
    .slice(0, known === undefined ? intervals.length : 1)
    .map((guess) => features.map((feature, index) => valuesOf(feature, known?.[index] ?? guess, lists)));
}

function rowsOf({ features }: Signature, values: readonly Values[], shapes: RowShapes, rows: number): Row[] {
  const elements = shapes.reduce((sum, shape) => sum + elementsOf(shape), 0);
  const random = seededRandom(36);
  const count = Math.min(rows, Math.max(1, Math.floor(MOST_ELEMENTS / elements)));
  const round = elements <= MOST_ROUNDED_ELEMENTS;
  return Array.from({ length: count }, () =>
    features.map((feature, index): Cell => {
      const one = (): Scalar => pick(values[index] ?? { list: [] }, feature, random, round);
      const shape = shapes[index] ?? [];
      return shape.length === 0 ? one() : { shape, data: Array.from({ length: elementsOf(shape) }, one) };
    }),
  );
}

function pick(values: Values, { dtype }: Feature, random: () => number, round: boolean): Scalar {
  if ('list' in values) return toElement(dtype, values.list[Math.floor(random() * values.list.length)]) ?? '';
  const value = values.low + random() * (values.high - values.low);
  if (values.whole) return toElement(dtype, Math.round(value)) ?? 0;
  return toElement(dtype, round ? rounded(value, values.high - values.low) : value) ?? 0;
}

/** Sentences of the same words, which have as many tokens, so that they can share a run. */
const SENTENCES = permutations(['wonderful', 'boring', 'cold', 'loud']).map(
  ([film, book, food, music]) => `A ${film} film, a ${book} book, ${food} food and ${music} music.`,
);

function permutations(words: readonly string[]): (readonly string[])[] {
  if (words.length === 0) return [[]];
  return words.flatMap((word) =>
    permutations(words.filter((other) => other !== word)).map((others) => [word, ...others]),
  );
}

type Interval = readonly [low: number, high: number];

function valuesOf(
  { dtype, input, decode }: Feature,
  [low, high]: Interval,
  lists: ReadonlyMap<string, readonly Scalar[]>,
): Values {
  if (dtype === 'bool') return { list: [false, true] };
  if (decode?.tokens !== undefined) return { list: SENTENCES };
  const own =
    lists.get(input) ??
    (dtype === 'string' ? [...lists.values()].find(([first]) => typeof first === 'string') : undefined);
  if (own !== undefined && (typeof own[0] === 'string') === (dtype === 'string')) return { list: own };
  if (dtype === 'string') return { list: ['a', 'b', 'c'] };
  const whole = !dtype.startsWith('float');
  return {
    low: dtype.startsWith('uint') ? Math.max(low, 0) : low,
    // A guess of one number is meant as it is.
    high: whole && high > low ? Math.max(high, low + 5) : high,
    whole,
  };
}

/**
 * Returns the intervals by feature; undefined if the graph shows none. Only in a graph with one input is it clear which
 * column a node refers to.
 */
function numbersKnown(nodes: readonly GraphNode[], features: readonly Feature[]): (Interval | undefined)[] | undefined {
  if (new Set(features.map(({ input }) => input)).size !== 1) return undefined;
  const scaler = nodes.find(({ opType }) => opType === 'Scaler');
  const [offset, scale] = [scaler?.floats('offset') ?? [], scaler?.floats('scale') ?? []];
  if (offset.length === features.length) {
    return offset.map((mean, index) => {
      const deviation = 1 / (scale[index] ?? scale[0] ?? 1);
      return [mean - 1.5 * deviation, mean + 1.5 * deviation];
    });
  }
  return thresholds(nodes, features.length);
}

/** Returns the range of each feature's thresholds in the graph's trees, widened by a tenth. */
function thresholds(nodes: readonly GraphNode[], width: number): (Interval | undefined)[] | undefined {
  const found = Array.from({ length: width }, () => ({ low: Infinity, high: -Infinity }));
  for (const node of nodes.filter(({ opType }) => opType.startsWith('TreeEnsemble'))) {
    const [ids, values, modes] = [
      node.ints('nodes_featureids'),
      node.floats('nodes_values'),
      node.strings('nodes_modes'),
    ];
    ids.forEach((id, index) => {
      const [feature, value] = [found[Number(id)], values[index]];
      if (feature === undefined || value === undefined || modes[index] === 'LEAF') return;
      feature.low = Math.min(feature.low, value);
      feature.high = Math.max(feature.high, value);
    });
  }
  if (found.every(({ low }) => low === Infinity)) return undefined;
  return found.map(({ low, high }) => {
    if (low === Infinity) return undefined;
    const margin = (high - low || Math.abs(high) || 1) / 10;
    return [low - margin, high + margin];
  });
}

/** Returns the categories of the encoders by the name of their input value, which is usually an input of the graph. */
function categories(nodes: readonly GraphNode[]): ReadonlyMap<string, readonly Scalar[]> {
  return new Map(
    nodes.flatMap((node): [string, Scalar[]][] => {
      const values = [
        ...node.strings('cats_strings'),
        ...node.strings('keys_strings'),
        ...node.ints('cats_int64s').map(Number),
      ];
      return values.length === 0 ? [] : [[node.inputs[0] ?? '', values]];
    }),
  );
}

/** Rounds to what a person would write: a hundredth of the span matters, a thousandth does not. */
function rounded(value: number, span: number): number {
  const decimals = Math.min(12, Math.max(0, 2 - Math.floor(Math.log10(span))));
  return Number(value.toFixed(decimals));
}
