import type { FeatureJson } from '../../onnx/signature/model-json.ts';

/** More choices are not listed. */
const mostChoices = 10;

/** Describes which values a feature may have: its unit, its range, its choices. */
export function describeValues({
  unit,
  range,
  choices = [],
  nullable = false,
}: Pick<FeatureJson, 'unit' | 'range' | 'choices' | 'nullable'>): string[] {
  const more = choices.length - mostChoices;
  const limits = range === undefined ? '' : `${String(range[0])} to ${String(range[1])}`;
  return [
    ...(range === undefined && unit === undefined ? [] : [`${limits} ${unit ?? ''}`.trim()]),
    ...(choices.length === 0
      ? []
      : [`one of ${choices.slice(0, mostChoices).join(', ')}${more > 0 ? ` and ${String(more)} more` : ''}`]),
    ...(nullable ? ['may be missing'] : []),
  ];
}
