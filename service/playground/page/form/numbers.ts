import type { FeatureDescription } from '../../../contract/api.ts';
import { h } from '../element.ts';
import { formatNumber } from '../format.ts';
import { textOf, type Control } from './field.ts';

export const isInteger = ({ dtype }: FeatureDescription): boolean => /^u?int/.test(dtype);

/** Reads a number as JSON has it. Integers that a number cannot represent stay digits, which the service accepts. */
export function parseNumber(text: string): number | string | undefined {
  const trimmed = text.trim();
  if (trimmed === '') return undefined;
  const number = Number(trimmed);
  return Number.isFinite(number) && !(/^[+-]?\d+$/.test(trimmed) && !Number.isSafeInteger(number)) ? number : trimmed;
}

/** A number, with a slider if the model is meant for a range. */
export function numberControl(feature: FeatureDescription): Control {
  const { range } = feature;
  const step = isInteger(feature) ? 1 : undefined;
  const input = h('input', { type: 'number', step: step ?? 'any', autocomplete: 'off' });
  const control = {
    input,
    read: () => parseNumber(input.value),
    write: (value: unknown) => {
      input.value = textOf(value);
      input.dispatchEvent(new Event('input'));
    },
  };
  if (range === undefined || range[0] >= range[1]) return { ...control, body: input };
  const [least, most] = range;
  const sliderStep = step ?? 10 ** Math.floor(Math.log10((most - least) / 50));
  const slider = h('input', {
    type: 'range',
    min: least,
    max: most,
    step: sliderStep,
    'aria-label': `${feature.name} slider`,
    input: () => {
      // Binary fractions would show digits that nobody chose.
      input.value = String(Number(Number(slider.value).toPrecision(12)));
    },
  });
  input.addEventListener('input', () => {
    if (input.value !== '') slider.value = input.value;
  });
  const ends = h('div', { class: 'ends', 'aria-hidden': 'true' });
  ends.append(h('span', {}, formatNumber(least)), h('span', {}, formatNumber(most)));
  return {
    ...control,
    body: h('div', { class: 'number' }, h('div', { class: 'slider' }, slider, ends), input),
  };
}
