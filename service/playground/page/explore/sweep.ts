/** Rows in which one feature changes, and what their predictions say. */
import type { OutputValue } from '../../../../onnx/signature/model-json.ts';
import type { FeatureDescription, PredictionResponse } from '../../../contract/api.ts';
import type { Row } from '../api/service.ts';
import { isInteger } from '../form/numbers.ts';
import { formatNumber } from '../format.ts';
import type { Series } from './plot.ts';

const STEPS = 41;
/** More lines than a person tells apart. */
const MOST_SERIES = 6;

/** Returns whether a feature has one value per row that can be varied. */
export const canVary = ({ shape, dtype, choices, sequence, decode }: FeatureDescription): boolean =>
  shape.length === 0 &&
  sequence !== true &&
  decode === undefined &&
  (choices !== undefined || (dtype !== 'string' && dtype !== 'bool'));

/** Returns where to vary a number: its range, or around its value. */
export function rangeAround({ range }: FeatureDescription, value: unknown): readonly [number, number] {
  if (range !== undefined && range[0] < range[1]) return range;
  const center = Number(value);
  const width = Number.isFinite(center) && center !== 0 ? Math.abs(center) : 1;
  return Number.isFinite(center) ? [center - width, center + width] : [-1, 1];
}

/** Returns the values of a number from one end of a range to the other. */
export function valuesBetween(feature: FeatureDescription, [from, to]: readonly [number, number]): readonly number[] {
  const values = Array.from({ length: STEPS }, (_, index) => {
    const value = from + ((to - from) * index) / (STEPS - 1);
    return isInteger(feature) ? Math.round(value) : Number(value.toPrecision(10));
  });
  return [...new Set(values)];
}

export const rowsWith = (row: Row, name: string, values: readonly unknown[]): readonly Row[] =>
  values.map((value) => ({ ...row, [name]: value }));

/** Returns what of the predictions can be plotted: probabilities, scores, or the value. */
export function seriesOf(predictions: readonly PredictionResponse[]): readonly Series[] {
  const [first] = predictions;
  const byClass = first?.probabilities === undefined ? 'scores' : 'probabilities';
  if (first?.[byClass] === undefined) {
    const value = ({ score, prediction }: PredictionResponse): number => Number(score ?? prediction);
    const series = { name: first?.score === undefined ? 'prediction' : 'score', values: predictions.map(value) };
    return series.values.some(Number.isFinite) ? [series] : outputSeries(predictions);
  }
  const all = Object.keys(first[byClass]).map((name) => ({
    name,
    values: predictions.map((prediction) => Number(prediction[byClass]?.[name])),
  }));
  if (all.length <= MOST_SERIES) return all;
  return all.sort((a, b) => Math.max(...b.values) - Math.max(...a.values)).slice(0, MOST_SERIES);
}

/** Returns the outputs that are single numbers, and the elements of those that are a few numbers. */
function outputSeries(predictions: readonly PredictionResponse[]): readonly Series[] {
  const rows = predictions.map(({ outputs = {} }) => Object.entries(outputs).flatMap(numbersIn));
  return (rows[0] ?? [])
    .map(({ name }, index) => ({ name, values: rows.map((row) => row[index]?.value ?? NaN) }))
    .slice(0, MOST_SERIES);
}

interface NamedNumber {
  readonly name: string;
  readonly value: number;
}

function numbersIn([name, value]: readonly [string, OutputValue]): readonly NamedNumber[] {
  if (typeof value === 'number') return [{ name, value }];
  if (!Array.isArray(value)) return [];
  return value.flatMap((element: OutputValue, index) =>
    typeof element === 'number' ? [{ name: `${name} ${String(index)}`, value: element }] : [],
  );
}

/** Says what happens to the predictions while a feature grows. */
export function describeSweep(
  label: string,
  values: readonly number[],
  predictions: readonly PredictionResponse[],
): string {
  const ends = `As ${label} goes from ${formatNumber(values[0])} to ${formatNumber(values.at(-1))}, `;
  const [first] = predictions;
  if (first?.prediction === undefined) return `${ends}the outputs follow the lines.`;
  if (typeof first.prediction === 'number' && first.score === undefined) {
    const numbers = predictions.map(({ prediction }) => Number(prediction));
    const [least, most] = [Math.min(...numbers), Math.max(...numbers)].map(formatNumber);
    return least === most
      ? `${ends}the prediction stays ${String(least)}.`
      : `${ends}the prediction is between ${String(least)} and ${String(most)}.`;
  }
  const changes = predictions.flatMap(({ prediction }, index) =>
    index > 0 && prediction !== predictions[index - 1]?.prediction
      ? [`${String(prediction)} at ${formatNumber(values[index])}`]
      : [],
  );
  return changes.length === 0
    ? `${ends}the prediction stays ${String(first.prediction)}.`
    : `${ends}the prediction changes from ${String(first.prediction)} to ${changes.join(', then to ')}.`;
}
