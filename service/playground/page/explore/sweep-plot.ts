/** What a plot shows of the predictions for a sweep. */
import type { OutputValue } from '../../../../onnx/signature/model-json.ts';
import type { FeatureDescription, PredictionResponse } from '../../../contract/api.ts';
import { formatNumber, formatShare } from '../format.ts';
import type { Plot, Series } from './plot.ts';

/** More lines than a person tells apart. */
const MOST_SERIES = 6;

/**
 * Returns a plot of the predictions; undefined if they have no numbers.
 *
 * @param current the value of the feature in the form
 * @param x the values that it has been given
 */
export function sweepPlot(
  { name, unit }: FeatureDescription,
  current: unknown,
  x: readonly number[],
  predictions: readonly PredictionResponse[],
): Plot | undefined {
  const series = seriesOf(predictions);
  const [first] = series;
  if (first === undefined) return undefined;
  const label = name.replaceAll('_', ' ');
  const areShares = predictions[0]?.probabilities !== undefined;
  return {
    x,
    series,
    xLabel: unit === undefined ? label : `${label} (${unit})`,
    yLabel: areShares ? 'probability' : series.length > 1 ? 'value' : first.name,
    ...(areShares && { yRange: [0, 1] as const }),
    marked: typeof current === 'number' ? current : undefined,
    format: areShares ? formatShare : formatNumber,
    description: describeSweep(label, x, predictions),
  };
}

/** Returns what of the predictions can be plotted: probabilities, scores, or the value. */
function seriesOf(predictions: readonly PredictionResponse[]): readonly Series[] {
  const [first] = predictions;
  const byClass = first?.probabilities === undefined ? 'scores' : 'probabilities';
  if (first?.[byClass] === undefined) {
    const value = ({ score, prediction }: PredictionResponse): number => Number(score ?? prediction);
    const series = { name: first?.score === undefined ? 'prediction' : 'score', values: predictions.map(value) };
    return series.values.some(Number.isFinite) ? [series] : outputSeries(predictions);
  }
  // A response may list only the most probable classes, which differ from row to row.
  const names = new Set(predictions.flatMap((prediction) => Object.keys(prediction[byClass] ?? {})));
  const all = [...names].map((name) => ({
    name,
    values: predictions.map((prediction) => Number(prediction[byClass]?.[name])),
  }));
  if (all.length <= MOST_SERIES) return all;
  const most = ({ values }: Series): number => Math.max(...values.filter(Number.isFinite));
  return all.sort((a, b) => most(b) - most(a)).slice(0, MOST_SERIES);
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
function describeSweep(label: string, values: readonly number[], predictions: readonly PredictionResponse[]): string {
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
