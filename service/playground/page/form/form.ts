import type { FeatureDescription, Issue, ModelDescription } from '../../../contract/api.ts';
import { issueText, segments } from '../api/issues.ts';
import type { Row } from '../api/messages.ts';
import { h } from '../element.ts';
import { createField, type Control, type Field } from './field.ts';
import { imageControl } from './image.ts';
import { numberControl } from './numbers.ts';
import { choiceControl, tensorControl, textControl } from './texts.ts';

/** The features of one row. */
export interface Form {
  readonly element: HTMLElement;
  readonly fields: readonly Field[];
  readonly read: () => Row;
  readonly write: (row: Row) => void;
  /** Shows problems next to the fields that they are about. Returns those that are about none of them. */
  readonly show: (kind: 'error' | 'warning', issues: readonly Issue[]) => readonly Issue[];
  readonly clear: () => void;
  /** Puts a pasted image into the field with the focus, or else into the first without an image, or else the first. */
  readonly paste: (image: File) => void;
}

/** @param changed called after each change by the user or by `write` */
export function createForm({ features }: ModelDescription, changed: () => void): Form {
  const fields = features.map((feature) => createField(feature, controlOf(feature)));
  const named = new Map(fields.map((field) => [field.feature.name, field]));
  const clear = (): void => {
    for (const field of fields) field.clear();
  };
  return {
    element: h('div', { class: 'fields', input: changed, change: changed }, ...fields.map(({ element }) => element)),
    fields,
    clear,
    paste: (image) => {
      const images = fields.filter(({ paste }) => paste !== undefined);
      const focused = images.find(({ element }) => element.contains(document.activeElement));
      (focused ?? images.find((field) => field.read() === undefined) ?? images[0])?.paste?.(image);
    },
    read: () => Object.fromEntries(fields.map((field) => [field.feature.name, field.read()])),
    write: (row) => {
      for (const field of fields) field.write(row[field.feature.name]);
      changed();
    },
    show: (kind, issues) =>
      issues.filter((issue) => {
        const [name = '', ...place] = segments(issue.pointer);
        const field = named.get(name);
        field?.show(kind, issueText(issue, place));
        return field === undefined;
      }),
  };
}

function controlOf(feature: FeatureDescription): Control {
  if (feature.decode?.image !== undefined) return imageControl(feature.decode.image);
  if (feature.decode?.tokens !== undefined) return textControl();
  if (feature.shape.length > 0 || feature.sequence === true) return tensorControl(feature);
  if (feature.choices !== undefined) return choiceControl(feature.choices);
  if (feature.dtype === 'bool') return choiceControl([false, true]);
  return feature.dtype === 'string' ? textControl() : numberControl(feature);
}
