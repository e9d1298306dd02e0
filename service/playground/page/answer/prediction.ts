import type { PredictionResponse } from '../../../contract/api.ts';
import { h } from '../element.ts';
import { formatNumber, formatShare, plural } from '../format.ts';
import { bars } from './bars.ts';

/** More classes than a person compares at a time. */
const MOST_BARS = 10;
const MOST_CHARACTERS = 4000;

/** Returns a prediction in a few words, such as "setosa, 98.1 %". */
export function summaryOf({ prediction, probabilities, score, outputs }: PredictionResponse): string {
  if (prediction === undefined) {
    const values = Object.entries(outputs ?? {});
    const [[name, value] = ['', undefined]] = values;
    if (values.length !== 1) return plural(values.length, 'output');
    return typeof value === 'object' ? `${name}, ${shapeOf(value)}` : formatNumber(value);
  }
  const share = probabilities?.[String(prediction)];
  if (typeof share === 'number') return `${String(prediction)}, ${formatShare(share)}`;
  if (score !== undefined) return `${anomaly(prediction)}, score ${formatNumber(score)}`;
  return formatNumber(prediction);
}

/** Shows a prediction of any task. */
export function predictionElement(response: PredictionResponse): HTMLElement {
  const { prediction, probabilities, scores, score, outputs } = response;
  if (prediction === undefined) return outputsElement(outputs ?? {});
  const headline = score === undefined ? formatNumber(prediction) : anomaly(prediction);
  return h(
    'div',
    { class: 'prediction' },
    h('p', { class: 'headline' }, headline),
    score === undefined ? undefined : h('p', { class: 'hint' }, `Score ${formatNumber(score)}; lower is more unusual.`),
    probabilities && ranking(probabilities, formatShare, (share) => share),
    scores && scoreBars(scores),
  );
}

const anomaly = (prediction: unknown): string => (prediction === -1 ? 'Anomaly' : 'Normal');

/** Draws scores, which have no natural length, relative to the largest and the smallest. */
function scoreBars(scores: NonNullable<PredictionResponse['scores']>): HTMLElement {
  const numbers = Object.values(scores).map(Number).filter(Number.isFinite);
  const [least, most] = [Math.min(...numbers, 0), Math.max(...numbers)];
  return ranking(scores, formatNumber, (score) => (score - least) / (most - least || 1));
}

function ranking(
  values: Readonly<Record<string, number | string>>,
  format: (value: number) => string,
  share: (value: number) => number,
): HTMLElement {
  const sorted = Object.entries(values)
    .map(([label, value]) => ({ label, number: Number(value) }))
    .sort((a, b) => b.number - a.number);
  const rest = sorted.length - MOST_BARS;
  return h(
    'div',
    {},
    bars(
      sorted.slice(0, MOST_BARS).map(({ label, number }) => ({ label, value: format(number), share: share(number) })),
    ),
    rest > 0 ? h('p', { class: 'hint' }, `and ${String(rest)} more`) : undefined,
  );
}

function outputsElement(outputs: NonNullable<PredictionResponse['outputs']>): HTMLElement {
  return h(
    'dl',
    { class: 'outputs' },
    ...Object.entries(outputs).flatMap(([name, value]) => {
      const text = JSON.stringify(value);
      const shown = text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text;
      return [
        h('dt', {}, name, h('span', { class: 'unit' }, shapeOf(value))),
        h('dd', {}, h('pre', { tabindex: 0, 'aria-label': name }, shown)),
      ];
    }),
  );
}

function shapeOf(value: unknown): string {
  const sizes: number[] = [];
  for (let inner = value; Array.isArray(inner); inner = (inner as readonly unknown[])[0]) sizes.push(inner.length);
  return sizes.join(' × ');
}
