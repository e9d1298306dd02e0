import { describeImage } from '../../onnx/signature/decode.ts';
import type { Feature } from '../../onnx/signature/features.ts';
import { namesOfInputs } from '../../onnx/signature/tokens.ts';

/** More choices are not listed. */
const mostChoices = 10;

/** Describes which values a feature may have: its unit, its range, its choices, and how it is decoded. */
export function describeValues({
  unit,
  range,
  choices = [],
  nullable = false,
  decode: { tokens, image } = {},
}: Pick<Feature, 'unit' | 'range' | 'choices' | 'nullable' | 'decode'>): string[] {
  const more = choices.length - mostChoices;
  const limits = range === undefined ? '' : `${String(range[0])} to ${String(range[1])}`;
  return [
    ...(range === undefined && unit === undefined ? [] : [`${limits} ${unit ?? ''}`.trim()]),
    ...(choices.length === 0
      ? []
      : [`one of ${choices.slice(0, mostChoices).join(', ')}${more > 0 ? ` and ${String(more)} more` : ''}`]),
    ...(nullable ? ['may be missing'] : []),
    ...(tokens === undefined
      ? []
      : [
          `${tokens.maxLength === undefined ? '' : `at most ${String(tokens.maxLength)} `}tokens of ` +
            `${tokens.tokenizer}, for ${namesOfInputs(tokens.inputs).join(', ')}`,
        ]),
    ...(image === undefined ? [] : [describeImage(image)]),
  ];
}
