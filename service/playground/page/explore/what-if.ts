import type { FeatureDescription, ModelDescription, PredictionResponse } from '../../../contract/api.ts';
import { failureElement } from '../answer/answer-panel.ts';
import { bars } from '../answer/bars.ts';
import { summaryOf } from '../answer/prediction.ts';
import { Failure } from '../api/failure.ts';
import type { Answer, Row } from '../api/messages.ts';
import { announce, h, newId } from '../element.ts';
import type { Form } from '../form/form.ts';
import { formatMilliseconds, plural } from '../format.ts';
import { limitsOf, predictAll } from '../rows/batches.ts';
import { plotTable } from './plot-table.ts';
import { drawPlot, type Plot } from './plot.ts';
import { sweepPlot } from './sweep-plot.ts';
import { canVary, rangeAround, rowsWith, valuesBetween } from './sweep.ts';

/** More bars than a person compares. */
const MOST_CHOICES = 50;

/** Varies one feature, with the other values of the form, and plots the predictions. */
export interface WhatIf {
  readonly element: HTMLElement;
  /** Draws the plot again for the present size. */
  resize(): void;
  /** Plots again, if there is a plot, since the other values have changed. */
  refresh(): void;
}

/** Returns undefined if no feature can be varied, or if each of many rows would have the same image. */
export function createWhatIf(
  model: ModelDescription,
  form: Form,
  predict: (rows: readonly Row[]) => Promise<Answer>,
): WhatIf | undefined {
  const features = model.features.filter(canVary);
  if (features.length === 0 || model.features.some(({ decode }) => decode?.image)) return undefined;
  const result = h('div', { class: 'result' });
  let plot: Plot | undefined;
  const drawn = h('div');
  const resize = (): void => {
    if (plot !== undefined) drawn.replaceChildren(drawPlot(plot, Math.max(280, drawn.clientWidth)));
  };
  const select = h(
    'select',
    { id: newId() },
    ...features.map(({ name }) => h('option', { value: name }, name.replaceAll('_', ' '))),
  );
  const run = async (): Promise<void> => {
    const feature = features[select.selectedIndex];
    if (feature === undefined) return;
    button.disabled = true;
    try {
      plot = undefined;
      await vary(feature);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      // The values of the form that are not varied are wrong, too.
      form.show(
        'error',
        error.issues.map((issue) => ({ ...issue, pointer: issue.pointer.replace(/^#\/\d+/, '#') })),
      );
      result.replaceChildren(failureElement(error, () => void run()));
      announce(error.message);
    } finally {
      button.disabled = false;
    }
  };
  const say = (): void => {
    if (plot !== undefined) announce(plot.description);
  };
  const vary = async (feature: FeatureDescription): Promise<void> => {
    const row = form.read();
    const choices = feature.choices?.slice(0, MOST_CHOICES);
    const values = choices ?? valuesBetween(feature, rangeAround(feature, row[feature.name]));
    const started = performance.now();
    const answers = await predictAll(rowsWith(row, feature.name, values), limitsOf(model), predict);
    const predictions = answers.flatMap((answer) => answer.predictions);
    const left = (feature.choices?.length ?? 0) - (choices?.length ?? 0);
    const timing = [
      `${plural(values.length, 'row')} in ${plural(answers.length, 'request')}, `,
      `${formatMilliseconds(performance.now() - started)}.`,
      left > 0 ? ` ${plural(left, 'further choice is', 'further choices are')} left out.` : '',
    ].join('');
    if (choices === undefined) showPlot(sweepPlot(feature, row[feature.name], values.map(Number), predictions));
    else result.replaceChildren(choiceBars(choices, row[feature.name], predictions));
    result.append(h('p', { class: 'hint' }, timing));
  };
  const showPlot = (next: Plot | undefined): void => {
    plot = next;
    if (next === undefined)
      result.replaceChildren(h('p', {}, 'The outputs of this model have no numbers that could be plotted.'));
    else {
      const numbers = h('details', {}, h('summary', {}, 'The numbers'), plotTable(next));
      result.replaceChildren(drawn, h('p', {}, next.description), numbers);
      resize();
    }
  };
  const button = h('button', { type: 'button', click: () => void run().then(say) }, 'Plot');
  const element = h('section', { class: 'card what-if', 'aria-labelledby': 'what-if-title' });
  element.append(
    h('h2', { id: 'what-if-title' }, 'What if'),
    h('p', { class: 'hint' }, 'Vary one value, keep the others as they are, and see what the model predicts.'),
    h('div', { class: 'bar' }, h('label', { for: select.id }, 'Vary'), select, button),
    result,
  );
  const refresh = (): void => {
    if (plot !== undefined) void run();
  };
  return { element, resize, refresh };
}

/** Shows what is predicted for each choice, since they have no order. */
function choiceBars(
  choices: readonly string[],
  current: unknown,
  predictions: readonly PredictionResponse[],
): HTMLElement {
  return bars(
    predictions.map((prediction, index) => ({
      label: choices[index] ?? '',
      value: summaryOf(prediction),
      share: Math.max(0, ...Object.values(prediction.probabilities ?? {}).map(Number)),
    })),
    choices.findIndex((choice) => choice === current),
  );
}
