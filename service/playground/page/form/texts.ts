import type { FeatureDescription } from '../../../contract/api.ts';
import { h } from '../element.ts';
import { textOf, type Control } from './field.ts';

/** One of the texts that the model knows, or true or false. */
export function choiceControl(values: readonly (string | boolean)[]): Control {
  const input = h('select', {}, ...values.map((value) => h('option', {}, String(value))));
  return {
    input,
    body: input,
    read: () => values[input.selectedIndex],
    write: (value) => {
      input.selectedIndex = values.findIndex((known) => known === value);
    },
  };
}

export function textControl(): Control {
  const input = h('textarea', { rows: 2, spellcheck: 'false' });
  return {
    input,
    body: input,
    read: () => input.value,
    write: (value) => {
      input.value = textOf(value);
    },
  };
}

/** A tensor, as JSON. What is not JSON is sent as text, and the service says what it expected. */
export function tensorControl({ dtype, shape }: FeatureDescription): Control {
  const input = h('textarea', { class: 'code', rows: 5, spellcheck: 'false', placeholder: '[…]' });
  const dimensions = shape.map((size) => (size === '' ? 'any' : String(size))).join(' × ');
  return {
    input,
    body: input,
    hint: `JSON: nested arrays of ${dtype}, ${dimensions}`,
    read: () => {
      if (input.value.trim() === '') return undefined;
      try {
        return JSON.parse(input.value) as unknown;
      } catch {
        return input.value;
      }
    },
    write: (value) => {
      input.value = value === undefined ? '' : JSON.stringify(value);
    },
  };
}
