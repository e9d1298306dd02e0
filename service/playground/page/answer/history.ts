import type { Answer, Row } from '../api/messages.ts';
import { h } from '../element.ts';
import { formatMilliseconds } from '../format.ts';
import { summaryOf } from './prediction.ts';

/** A request of the form, and its answer. */
export interface HistoryEntry {
  readonly row: Row;
  readonly answer: Answer;
}

/** The last answers of a model, in memory. */
export interface History {
  readonly element: HTMLElement;
  add(entry: HistoryEntry): void;
}

/**
 * @param most how many answers to keep, with their rows
 * @param restore shows an earlier answer again, with its values
 */
export function createHistory(most: number, restore: (entry: HistoryEntry) => void): History {
  const list = h('ol', { class: 'history' });
  const element = h('section', { class: 'card answers', hidden: true, 'aria-labelledby': 'history-title' });
  element.append(h('h2', { id: 'history-title' }, 'Last answers'), list);
  return {
    element,
    add: (entry) => {
      const { answer } = entry;
      const [prediction] = answer.predictions;
      if (prediction === undefined) return;
      const click = (): void => {
        restore(entry);
      };
      const time = new Date().toLocaleTimeString();
      list.prepend(
        h(
          'li',
          {},
          h(
            'button',
            { type: 'button', title: 'Show this answer and its values again', click },
            h('span', { class: 'summary' }, summaryOf(prediction)),
            h('span', { class: 'hint' }, `${time}, ${formatMilliseconds(answer.roundTripMs)}`),
          ),
        ),
      );
      list.children[most]?.remove();
      element.hidden = false;
    },
  };
}
