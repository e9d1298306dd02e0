import type { ModelDescription } from '../../../contract/api.ts';
import { failureElement } from '../answer/answer-panel.ts';
import { bars } from '../answer/bars.ts';
import { summaryOf } from '../answer/prediction.ts';
import { Failure } from '../api/failure.ts';
import type { Answer, Row } from '../api/messages.ts';
import { createDropZone } from '../drop-zone.ts';
import { announce, h } from '../element.ts';
import { formatMilliseconds, formatShare, plural } from '../format.ts';
import { limitsOf, predictInBatches } from './batches.ts';
import { readTable, withOutcomes, type Outcome, type TableFile } from './table-file.ts';

const MOST_LINES = 100;

/** Predicts the rows of a CSV file. */
export function createRowsPanel(
  model: ModelDescription,
  predict: (rows: readonly Row[]) => Promise<Answer>,
): HTMLElement {
  const { features } = model;
  const result = h('div', { class: 'result' });
  let stop = new AbortController();

  const open = async (file: File): Promise<void> => {
    stop.abort();
    stop = new AbortController();
    const table = readTable(file.name, await file.text(), features);
    const notes = h(
      'p',
      { class: 'hint' },
      `${file.name}: ${plural(table.rows.length, 'row')}. `,
      table.ignored.length > 0 ? `Columns that are not features: ${table.ignored.join(', ')}. ` : '',
      table.missing.length > 0 ? `Features without a column: ${table.missing.join(', ')}.` : '',
    );
    if (table.rows.length === 0 || table.missing.length === features.length) {
      const expected = `The first line has to name the features: ${features.map(({ name }) => name).join(', ')}.`;
      result.replaceChildren(notes, h('p', { class: 'message error', role: 'alert' }, expected));
      return;
    }
    await predictAll(table, notes, stop);
  };

  const predictAll = async (table: TableFile, notes: HTMLElement, stopping: AbortController): Promise<void> => {
    const progress = h('progress', { max: table.rows.length, value: 0, 'aria-label': 'Predicted rows' });
    const cancel = h(
      'button',
      {
        type: 'button',
        click: () => {
          stopping.abort();
        },
      },
      'Stop',
    );
    result.replaceChildren(notes, h('div', { class: 'bar' }, progress, cancel));
    const started = performance.now();
    const outcomes: Outcome[] = [];
    let failure: Failure | undefined;
    try {
      for await (const batch of predictInBatches(table.rows, limitsOf(model), predict, stopping.signal)) {
        outcomes.push(...batch);
        progress.value = outcomes.length;
      }
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      failure = error;
    }
    // Another file was chosen in the meantime.
    if (stopping !== stop) return;
    const done = describe(outcomes, table.rows.length, performance.now() - started);
    result.replaceChildren(
      notes,
      failure === undefined ? '' : failureElement(failure, () => void predictAll(table, notes, stopping)),
      h('p', {}, done),
      counts(outcomes),
      h(
        'button',
        {
          type: 'button',
          click: () => {
            download(table, outcomes);
          },
        },
        'Download as CSV',
      ),
      tableElement(table, outcomes),
    );
    announce(done);
  };

  const zone = createDropZone(
    'Drop a CSV file here',
    '.csv,.tsv,text/csv,text/tab-separated-values',
    (file) => void open(file),
  );
  const element = h('section', { class: 'card rows', 'aria-labelledby': 'rows-title' });
  element.append(
    h('h2', { id: 'rows-title' }, 'Many rows'),
    h('p', { class: 'hint' }, 'The first line names the features. Each further line is a row to predict.'),
    zone.element,
    result,
  );
  return element;
}

function describe(outcomes: readonly Outcome[], total: number, milliseconds: number): string {
  const failed = outcomes.filter((outcome) => 'error' in outcome).length;
  return [
    `${plural(outcomes.length - failed, 'row')} predicted in ${formatMilliseconds(milliseconds)}.`,
    failed > 0 && `${plural(failed, 'row is', 'rows are')} invalid.`,
    outcomes.length < total && `${plural(total - outcomes.length, 'row was', 'rows were')} not sent.`,
  ]
    .filter((part) => part !== false)
    .join(' ');
}

/** How often each class was predicted. */
function counts(outcomes: readonly Outcome[]): HTMLElement | string {
  const byClass = new Map<string, number>();
  for (const outcome of outcomes)
    if ('prediction' in outcome && typeof outcome.prediction === 'string')
      byClass.set(outcome.prediction, (byClass.get(outcome.prediction) ?? 0) + 1);
  if (byClass.size === 0 || byClass.size > 12) return '';
  const total = [...byClass.values()].reduce((sum, count) => sum + count, 0);
  return bars(
    [...byClass]
      .sort(([, a], [, b]) => b - a)
      .map(([label, count]) => ({
        label,
        value: `${count.toLocaleString('en')}, ${formatShare(count / total)}`,
        share: count / total,
      })),
  );
}

function tableElement({ header, lines }: TableFile, outcomes: readonly Outcome[]): HTMLElement {
  const rows = lines.slice(0, Math.min(MOST_LINES, outcomes.length)).map((line, index) => {
    const outcome = outcomes[index];
    const answer =
      outcome === undefined || 'error' in outcome
        ? h('td', { class: 'error' }, outcome?.error ?? '')
        : h('td', { class: 'predicted' }, summaryOf(outcome));
    return h('tr', {}, h('th', { scope: 'row' }, String(index + 1)), answer, ...line.map((cell) => h('td', {}, cell)));
  });
  return h(
    'div',
    {},
    h(
      'div',
      { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Predicted rows' },
      h(
        'table',
        {},
        h('thead', {}, h('tr', {}, ...['Row', 'prediction', ...header].map((name) => h('th', { scope: 'col' }, name)))),
        h('tbody', {}, ...rows),
      ),
    ),
    lines.length > MOST_LINES
      ? h('p', { class: 'hint' }, `The first ${String(MOST_LINES)} rows; the file has all.`)
      : undefined,
  );
}

function download(table: TableFile, outcomes: readonly Outcome[]): void {
  const url = URL.createObjectURL(new Blob([withOutcomes(table, outcomes)], { type: 'text/csv' }));
  h('a', { href: url, download: `predictions-${table.name}` }).click();
  URL.revokeObjectURL(url);
}
