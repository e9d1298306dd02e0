import { integerRange, largestFloat } from '../../onnx/signature/dtypes.ts';
import type { DType } from '../../onnx/engine/engine.ts';
import type { Feature } from '../../onnx/signature/features.ts';
import type { Model } from '../../onnx/model.ts';
import type { Signature } from '../../onnx/signature/signature.ts';
import type { TensorSpec } from '../../onnx/signature/tensor-spec.ts';
import { ref } from '../contract/schemas.ts';
import { decimalPattern } from './decimal-pattern.ts';

/** JSON Schema, 2020-12. Bounds of 64-bit integers are bigints: `stringifyJson` writes them. */
export type Json = Readonly<Record<string, unknown>>;

/** Schemas of the integers, which come as strings too: `Int64` and so on, by dtype. */
export const integerSchemas: Json = Object.fromEntries(
  (['int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64'] as const).map((dtype) => {
    const [minimum, maximum] = integerRange(dtype) ?? [0n, 0n];
    return [
      componentOf(dtype),
      {
        description: `${dtype}: a whole number, or its digits in a string.`,
        type: ['integer', 'string'],
        format: dtype,
        minimum,
        maximum,
        pattern: decimalPattern(minimum, maximum),
      },
    ];
  }),
);

/** What a feature takes. `inline`: without references to the document's components. */
export function featureSchema(feature: Feature, strictRanges: boolean, inline: boolean, example?: unknown): Json {
  const { dtype, shape, description, unit, range } = feature;
  const bounds = range && strictRanges ? range : undefined;
  const notes = [
    description,
    unit && `In ${unit}.`,
    range && `Valid from ${range[0]} to ${range[1]}.`,
    shapeNote(shape),
  ]
    .filter(Boolean)
    .join(' ');
  return {
    ...nested(shape, elementSchema(dtype, inline, bounds)),
    ...(notes && { description: notes }),
    ...(unit && { 'x-unit': unit }),
    ...(range && { 'x-valid-range': range }),
    ...(example !== undefined && { examples: [example] }),
  };
}

/** What a row of a model is, by its features' names. */
export function rowSchema(
  { signature: { features }, example }: Pick<Model, 'signature' | 'example'>,
  strictRanges: boolean,
  inline: boolean,
): Json {
  return {
    type: 'object',
    additionalProperties: false,
    required: features.map(({ name }) => name),
    properties: Object.fromEntries(
      features.map((feature) => [
        feature.name,
        featureSchema(feature, strictRanges, inline, example?.input[feature.name]),
      ]),
    ),
  };
}

/** An element of a dtype, as a request has it. */
export function elementSchema(dtype: DType, inline: boolean, range?: readonly [number, number]): Json {
  // The runtime ends a text at its first zero.
  if (dtype === 'string') return { type: 'string', pattern: '^[^\\u0000]*$' };
  if (dtype === 'bool') return { type: 'boolean' };
  const most = largestFloat(dtype);
  if (most === undefined) {
    const bounds = range && { minimum: range[0], maximum: range[1] };
    const known = integerSchemas[componentOf(dtype)] as Json;
    // Of a string the range cannot be told.
    if (bounds) return { ...(inline ? known : ref(componentOf(dtype))), type: 'integer', ...bounds };
    return inline ? known : ref(componentOf(dtype));
  }
  const [minimum, maximum] = range ?? [-most, most];
  // NaN, which is a missing value to many models, is in every range.
  return {
    type: ['number', 'string'],
    format: formats[dtype],
    minimum,
    maximum,
    pattern: range ? '^NaN$' : '^(NaN|Infinity|-Infinity)$',
  };
}

const formats: Readonly<Partial<Record<DType, string>>> = { float32: 'float', float64: 'double', float16: 'float16' };

/** An element of a dtype, as an answer has it: a 64-bit integer is a number with all its digits. */
export function answeredElement(dtype: DType): Json {
  const range = integerRange(dtype);
  if (range) return { type: 'integer', format: dtype, minimum: range[0], maximum: range[1] };
  if (dtype === 'string') return { type: 'string' };
  return dtype === 'bool' ? { type: 'boolean' } : ref('Number');
}

/** An output's value for one row: without the dimension of rows, where it has one. */
export function outputSchema({ dtype, shape }: TensorSpec, { batching, inputs }: Signature): Json {
  const element = answeredElement(dtype);
  // The graph tells neither the rank nor whether there are rows.
  if (shape.length === 0) return { anyOf: [element, ref('Nested')] };
  const [rows, ...rest] = shape;
  if (batching === 'unbatched' || (typeof rows === 'number' && rows !== 1)) return nested(shape, element);
  const certain = rows === 1 || (rows !== '' && inputs.some((input) => input.shape[0] === rows));
  return certain ? nested(rest, element) : { anyOf: [nested(rest, element), nested(shape, element)] };
}

/** Nested arrays, as long as the fixed dimensions say. */
export function nested([first, ...rest]: readonly (number | string)[], element: Json): Json {
  if (first === undefined) return element;
  return {
    type: 'array',
    ...(typeof first === 'number' && { minItems: first, maxItems: first }),
    items: nested(rest, element),
  };
}

function shapeNote(shape: readonly (number | string)[]): string | undefined {
  const dynamic = shape.filter((dimension) => typeof dimension === 'string');
  return dynamic.length === 0
    ? undefined
    : `Nested arrays of shape [${shape.map((dimension) => (dimension === '' ? '?' : dimension)).join(', ')}], all of one length at each level.`;
}

function componentOf(dtype: DType): string {
  return dtype.replace('int', 'Int').replace('uInt', 'UInt');
}
