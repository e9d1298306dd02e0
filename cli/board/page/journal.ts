import type { BoardEvent } from '../messages.ts';
import { find, h } from './element.ts';
import { formatTime } from './format.ts';

const mostEvents = 200;
const list = find(HTMLOListElement, '#events');

export function clearEvents(): void {
  list.replaceChildren();
}

/** Shows events, the latest first. */
export function showEvents(events: readonly BoardEvent[]): void {
  list.prepend(...events.map(row).reverse());
  while (list.childElementCount > mostEvents) list.lastElementChild?.remove();
}

function row({ at, kind, text, replica }: BoardEvent): HTMLLIElement {
  return h(
    'li',
    { class: kind },
    h('time', { datetime: new Date(at).toISOString() }, formatTime(at)),
    h(
      'span',
      {},
      ...(replica === undefined ? [] : [h('b', {}, replica), ' ']),
      kind === 'command' ? h('code', {}, `$ ${text}`) : text,
    ),
  );
}
