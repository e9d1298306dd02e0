import { h } from '../element.ts';
import { formatNumber } from '../format.ts';
import type { Plot } from './plot.ts';

/** Shows the numbers of a plot as a table. */
export function plotTable({ x, series, xLabel, format }: Plot): HTMLElement {
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
