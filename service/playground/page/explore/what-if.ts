import type { FeatureDescription } from '../../../contract/api.ts';
import { failureElement } from '../answer/answer-panel.ts';
import { bars } from '../answer/bars.ts';
import { summaryOf } from '../answer/prediction.ts';
import { Failure } from '../api/failure.ts';
import type { Answer, Row } from '../api/service.ts';
import { announce, h, newId } from '../element.ts';
import type { Form } from '../form/form.ts';
import { formatMilliseconds, formatNumber, formatShare } from '../format.ts';
import { drawPlot, type Plot } from './plot.ts';
import { canVary, describeSweep, rangeAround, rowsWith, seriesOf, valuesBetween } from './sweep.ts';

/** Varies one feature, with the other values of the form, and plots the predictions. */
export interface WhatIf {
  readonly element: HTMLElement;
  /** Draws the plot again for the present size. */
  resize(): void;
  /** Plots again, if there is a plot, since the other values have changed. */
  refresh(): void;
}

/** Returns undefined if no feature can be varied. */
export function createWhatIf(form: Form, predict: (rows: readonly Row[]) => Promise<Answer>): WhatIf | undefined {
  const features = form.fields.map(({ feature }) => feature).filter(canVary);
  if (features.length === 0) return undefined;
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
    const values = feature.choices ?? valuesBetween(feature, rangeAround(feature, row[feature.name]));
    const answer = await predict(rowsWith(row, feature.name, values));
    const { predictions } = answer;
    const timing = `${String(values.length)} rows in one request, ${formatMilliseconds(answer.roundTripMs)}.`;
    if (feature.choices !== undefined) {
      const list = predictions.map((prediction, index) => ({
        label: feature.choices?.[index] ?? '',
        value: summaryOf(prediction),
        share: Math.max(0, ...Object.values(prediction.probabilities ?? {}).map(Number)),
      }));
      const current = feature.choices.findIndex((choice) => choice === row[feature.name]);
      result.replaceChildren(bars(list, current), h('p', { class: 'hint' }, timing));
      return;
    }
    const numbers = values.map(Number);
    const series = seriesOf(predictions);
    const label = feature.name.replaceAll('_', ' ');
    const description = describeSweep(label, numbers, predictions);
    const isShare = predictions[0]?.probabilities !== undefined;
    const format = isShare ? formatShare : formatNumber;
    if (series.length === 0) {
      result.replaceChildren(
        h('p', {}, 'The outputs of this model are not single numbers, so there is nothing to plot.'),
      );
      return;
    }
    const marked = Number(row[feature.name]);
    plot = {
      x: numbers,
      series,
      xLabel: feature.unit === undefined ? label : `${label} (${feature.unit})`,
      yLabel: isShare ? 'probability' : series.length > 1 ? 'value' : (series[0]?.name ?? ''),
      ...(isShare && { yRange: [0, 1] as const }),
      marked: Number.isFinite(marked) ? marked : undefined,
      format,
      description,
    };
    result.replaceChildren(
      drawn,
      h('p', {}, description),
      h('p', { class: 'hint' }, timing),
      h('details', {}, h('summary', {}, 'The numbers'), table(plot)),
    );
    resize();
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

function table({ x, series, xLabel, format }: Plot): HTMLElement {
  return h(
    'div',
    { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'The numbers of the plot' },
    h(
      'table',
      {},
      h(
        'thead',
        {},
        h('tr', {}, ...[xLabel, ...series.map(({ name }) => name)].map((name) => h('th', { scope: 'col' }, name))),
      ),
      h(
        'tbody',
        {},
        ...x.map((value, index) =>
          h(
            'tr',
            {},
            h('th', { scope: 'row' }, formatNumber(value)),
            ...series.map(({ values }) => h('td', {}, format(values[index] ?? NaN))),
          ),
        ),
      ),
    ),
  );
}
