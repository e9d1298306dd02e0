import type { GraphNode } from '../graph/node.ts';
import type { Cell, Row } from '../signature/cells.ts';
import type { Scalar } from '../signature/dtypes.ts';
import { toElement } from '../signature/dtypes.ts';
import type { Feature } from '../signature/features.ts';
import type { Signature } from '../signature/signature.ts';
import { seededRandom } from '../seeded-random.ts';

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
/** The lengths of dynamic dimensions to try, in the same turns. */
const lengths = [4, 1, 32, 224] as const;
/** A generated row with more would take seconds, and memory that the process may not have. */
const MOST_ROW_ELEMENTS = 2 ** 20;
const MOST_ELEMENTS = 2 ** 24;

/** Returns all sets of `plausibleInputSets`. */
export function plausibleInputs(signature: Signature, nodes: readonly GraphNode[], rows = 64): Row[][] {
  return [...plausibleInputSets(signature, nodes, rows)];
}

/**
 * Generates rows that look like the training data, as far as the graph shows it: a scaler has the mean and deviation, a
 * tree its thresholds, an encoder its categories. Always generates the same rows for the same model.
 *
 * Generates sets of rows, the most plausible first, each only when it is needed. There is none for a model whose rows
 * are very large.
 */
export function* plausibleInputSets(
  { features }: Signature,
  nodes: readonly GraphNode[],
  rows: number,
): Generator<Row[], void> {
  const known = numbersKnown(nodes, features);
  const lists = categories(nodes);
  const dynamic = features.some(({ shape }) => shape.some((dimension) => typeof dimension === 'string'));
  for (const [attempt, guess] of guesses.slice(0, known === undefined || dynamic ? guesses.length : 1).entries()) {
    const shapes = features.map(({ shape }) =>
      shape.map((dimension) => (typeof dimension === 'number' ? dimension : (lengths[attempt] ?? 1))),
    );
    const elements = shapes.reduce((sum, shape) => sum + size(shape), 0);
    if (elements > MOST_ROW_ELEMENTS) continue;
    const values = features.map((feature, index) => valuesOf(feature, known?.[index] ?? guess, lists));
    const random = seededRandom(36);
    const count = Math.min(rows, Math.max(1, Math.floor(MOST_ELEMENTS / elements)));
    yield Array.from({ length: count }, () =>
      features.map((feature, index): Cell => {
        const one = (): Scalar => pick(values[index] ?? { list: [] }, feature, random);
        const shape = shapes[index] ?? [];
        return shape.length === 0 ? one() : { shape, data: Array.from({ length: size(shape) }, one) };
      }),
    );
  }
}

const size = (shape: readonly number[]): number => shape.reduce((product, dimension) => product * dimension, 1);

function pick(values: Values, { dtype }: Feature, random: () => number): Scalar {
  if ('list' in values) return toElement(dtype, values.list[Math.floor(random() * values.list.length)]) ?? '';
  const value = values.low + random() * (values.high - values.low);
  return toElement(dtype, values.whole ? Math.round(value) : rounded(value, values.high - values.low)) ?? 0;
}

type Interval = readonly [low: number, high: number];

function valuesOf(
  { dtype, input }: Feature,
  [low, high]: Interval,
  lists: ReadonlyMap<string, readonly Scalar[]>,
): Values {
  if (dtype === 'bool') return { list: [false, true] };
  const own =
    lists.get(input) ??
    (dtype === 'string' ? [...lists.values()].find(([first]) => typeof first === 'string') : undefined);
  if (own !== undefined && (typeof own[0] === 'string') === (dtype === 'string')) return { list: own };
  if (dtype === 'string') return { list: ['a', 'b', 'c'] };
  const whole = !dtype.startsWith('float');
  return {
    low: dtype.startsWith('uint') ? Math.max(low, 0) : low,
    high: whole ? Math.max(high, low + 5) : high,
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
