import { h } from '../element.ts';

export interface Bar {
  readonly label: string;
  readonly value: string;
  /** The length, from 0 to 1. */
  readonly share: number;
}

/** Draws numbers as bars. Screen readers hear a list of labels and values. */
export function bars(list: readonly Bar[], strongest = 0): HTMLElement {
  return h(
    'ul',
    { class: 'bars' },
    ...list.map(({ label, value, share }, index) => {
      const fill = h('span', { class: 'fill' });
      // The policy of the page allows styles that scripts set, but no attributes with styles.
      fill.style.inlineSize = `${String(Math.max(0, Math.min(1, share)) * 100)}%`;
      return h(
        'li',
        { class: index === strongest ? 'strongest' : undefined },
        h('span', { class: 'label' }, label),
        h('span', { class: 'value' }, value),
        h('span', { class: 'track', 'aria-hidden': 'true' }, fill),
      );
    }),
  );
}
