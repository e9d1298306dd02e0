import type { FeatureDescription } from '../../../contract/api.ts';
import { h, newId } from '../element.ts';

/** One feature in the form. */
export interface Field {
  readonly feature: FeatureDescription;
  readonly element: HTMLElement;
  /** Returns the value as JSON has it; undefined leaves the feature out. */
  read(): unknown;
  write(value: unknown): void;
  /** Shows a problem with the value next to it. */
  show(kind: 'error' | 'warning', text: string): void;
  /** Removes what `show` has shown. */
  clear(): void;
  focus(): void;
  /** Takes a pasted image; undefined if the feature is not an image. */
  readonly paste: ((file: File) => void) | undefined;
}

/** What kinds of fields differ in. */
export interface Control {
  /** What the label belongs to. */
  readonly input: HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;
  /** What is shown below the label, with the input in it. */
  readonly body: HTMLElement;
  /** What values are expected. */
  readonly hint?: string;
  readonly read: () => unknown;
  readonly write: (value: unknown) => void;
  /** Takes a pasted image. Only images can. */
  readonly paste?: (file: File) => void;
}

/** Returns what an input shows for a value; nothing for one that it cannot have. */
export const textOf = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : '';

/** Puts a control into a field with label, hint and messages, and a way to leave the value out if it may be missing. */
export function createField(feature: FeatureDescription, control: Control): Field {
  const [hint, message] = [newId(), newId()];
  const { input } = control;
  input.id ||= newId();
  input.setAttribute('aria-describedby', `${hint} ${message}`);
  const messageElement = h('p', { id: message, class: 'message', hidden: true });
  const missing = feature.nullable === true ? h('input', { type: 'checkbox' }) : undefined;
  const body = h('div', { class: 'control' }, control.body);
  const setMissing = (isMissing: boolean): void => {
    if (missing === undefined) return;
    missing.checked = isMissing;
    for (const each of body.querySelectorAll<typeof input>('input, select, textarea')) each.disabled = isMissing;
  };
  missing?.addEventListener('change', () => {
    setMissing(missing.checked);
  });
  const clear = (): void => {
    messageElement.hidden = true;
    input.removeAttribute('aria-invalid');
  };
  const element = h(
    'div',
    { class: 'field', input: clear },
    h(
      'div',
      { class: 'caption' },
      h('label', { for: input.id }, feature.name.replaceAll('_', ' ')),
      feature.unit === undefined ? undefined : h('span', { class: 'unit' }, feature.unit),
      missing && h('label', { class: 'missing' }, missing, 'no value'),
    ),
    feature.description === undefined ? undefined : h('p', { class: 'hint' }, feature.description),
    body,
    h('p', { id: hint, class: 'hint', hidden: control.hint === undefined }, control.hint),
    messageElement,
  );
  return {
    feature,
    element,
    read: () => (missing?.checked ? null : control.read()),
    write: (value) => {
      setMissing(value === null);
      if (value !== null) control.write(value);
      clear();
    },
    show: (kind, text) => {
      messageElement.className = `message ${kind}`;
      messageElement.textContent = text;
      messageElement.hidden = false;
      if (kind === 'error') input.setAttribute('aria-invalid', 'true');
    },
    clear,
    focus: () => {
      input.focus();
    },
    paste: control.paste,
  };
}
