import { integerRange, largestFloat } from '../../onnx/signature/dtypes.ts';
import { rowShapes } from '../../onnx/signature/batching.ts';
import type { DType } from '../../onnx/engine/engine.ts';
import type { Feature } from '../../onnx/signature/features.ts';
import type { Model } from '../../onnx/model.ts';
import type { Signature } from '../../onnx/signature/signature.ts';
import type { TensorSpec } from '../../onnx/signature/tensor-spec.ts';
import { ref } from '../contract/schemas.ts';
import { decimalPattern } from './decimal-pattern.ts';

/** A JSON Schema (2020-12). Bounds of 64-bit integers are bigints, which `stringifyJson` can write. */
export type Json = Readonly<Record<string, unknown>>;

const MOST_LISTED = 20;

/** The schemas of integers, which may also be sent as strings, by name: `Int64` and so on. */
export const integerSchemas: Json = Object.fromEntries(
  (['int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64'] as const).map((dtype) => {
    const [minimum, maximum] = integerRange(dtype) ?? [0n, 0n];
    return [
      componentOf(dtype),
      {
        description: `${dtype}: a whole number, or a string with its digits.`,
        type: ['integer', 'string'],
        format: dtype,
        minimum,
        maximum,
        pattern: decimalPattern(minimum, maximum),
      },
    ];
  }),
);

/** Returns the schema of a feature's value. With `inline`, it has no references to components of the document. */
export function featureSchema(feature: Feature, strictRanges: boolean, inline: boolean, example?: unknown): Json {
  const { dtype, shape, description, unit, range, choices, nullable = false, sequence, optional } = feature;
  if (feature.decode?.image !== undefined) return encodedSchema(feature, example);
  const element = elementSchema(dtype, inline, strictRanges ? feature : {}, nullable);
  const notes = [
    description,
    unit && `In ${unit}.`,
    range && `Valid from ${range[0]} to ${range[1]}.`,
    choices && `The model knows ${listed(choices)}.`,
    nullable && 'null is a missing value.',
    optional && 'It may be left out.',
    sequence ? 'An array of tensors, whose shapes may differ.' : shapeNote(shape),
  ]
    .filter(Boolean)
    .join(' ');
  return {
    ...(sequence ? sequenceSchema(shape, element) : nested(shape, element, 1)),
    ...(notes && { description: notes }),
    ...(unit && { 'x-unit': unit }),
    ...(range && { 'x-valid-range': range }),
    ...(choices && { 'x-choices': choices }),
    ...(example !== undefined && { examples: [example] }),
  };
}

/** Returns the schema of a value that is decoded. */
function encodedSchema({ description, optional }: Feature, example: unknown): Json {
  const notes = [description, 'A JPEG, PNG or WebP in base64.', optional && 'It may be left out.'];
  return {
    type: 'string',
    contentEncoding: 'base64',
    contentMediaType: 'image/*',
    description: notes.filter(Boolean).join(' '),
    ...(example !== undefined && { examples: [example] }),
  };
}

/** Returns the schema of a row: an object with the names of the features. */
export function rowSchema(
  { signature: { features }, example }: Pick<Model, 'signature' | 'example'>,
  strictRanges: boolean,
  inline: boolean,
): Json {
  return {
    type: 'object',
    additionalProperties: false,
    ...requiredFeatures(features),
    properties: Object.fromEntries(
      features.map((feature) => [
        feature.name,
        featureSchema(feature, strictRanges, inline, example?.input[feature.name]),
      ]),
    ),
  };
}

/** Returns which features an object must have: all columns of an optional input, or none. */
export function requiredFeatures(features: readonly Feature[]): Json {
  const inputs = Map.groupBy(
    features.filter(({ optional }) => optional),
    ({ input }) => input,
  );
  // Each requires the next, and the last one the first.
  const together = [...inputs.values()].flatMap((own) =>
    own.length > 1 ? own.map(({ name }, index) => [name, [own[(index + 1) % own.length]?.name]] as const) : [],
  );
  return {
    required: features.filter(({ optional }) => !optional).map(({ name }) => name),
    ...(together.length > 0 && { dependentRequired: Object.fromEntries(together) }),
  };
}

/** Returns the schema of a sequence of tensors, of which each has a shape of its own. */
function sequenceSchema(shape: readonly (number | string)[], element: Json): Json {
  const items = shape.length === 0 ? { anyOf: [element, { type: 'array' }] } : nested(shape.slice(1), element, 1);
  return { type: 'array', items };
}

/** Returns the schema of an element in a request. */
export function elementSchema(
  dtype: DType,
  inline: boolean,
  { range, choices }: Pick<Feature, 'range' | 'choices'> = {},
  nullable = false,
): Json {
  // The runtime ends a text at the first zero.
  if (dtype === 'string' && choices) return { type: 'string', enum: choices };
  if (dtype === 'string') return { type: 'string', pattern: '^[^\\u0000]*$' };
  if (dtype === 'bool') return { type: 'boolean' };
  const most = largestFloat(dtype);
  if (most === undefined) {
    const bounds = range && { minimum: range[0], maximum: range[1] };
    const known = integerSchemas[componentOf(dtype)] as Json;
    // JSON Schema cannot express a range for a string.
    if (bounds) return { ...(inline ? known : ref(componentOf(dtype))), type: 'integer', ...bounds };
    return inline ? known : ref(componentOf(dtype));
  }
  const [minimum, maximum] = range ?? [-most, most];
  // NaN is a missing value for many models, so it is in every range.
  return {
    type: ['number', 'string', ...(nullable ? ['null'] : [])],
    format: formats[dtype],
    minimum,
    maximum,
    pattern: range ? '^NaN$' : '^(NaN|Infinity|-Infinity)$',
  };
}

const formats: Readonly<Partial<Record<DType, string>>> = { float32: 'float', float64: 'double', float16: 'float16' };

/** Returns the schema of an element in a response. A 64-bit integer is a number with all its digits. */
export function responseElement(dtype: DType): Json {
  const range = integerRange(dtype);
  if (range) return { type: 'integer', format: dtype, minimum: range[0], maximum: range[1] };
  if (dtype === 'string') return { type: 'string' };
  return dtype === 'bool' ? { type: 'boolean' } : ref('Number');
}

/** Returns the schema of an output's value for one row. */
export function outputSchema(spec: TensorSpec, { batching, inputs }: Signature): Json {
  const element = responseElement(spec.dtype);
  const schemas = rowShapes(spec, batching, inputs).map((shape) => nested(shape, element));
  const [only] = schemas;
  if (only === undefined) return { anyOf: [element, ref('Nested')] };
  return schemas.length === 1 ? only : { anyOf: schemas };
}

/**
 * Returns the schema of nested arrays with the lengths of the fixed dimensions.
 *
 * @param least the least length of the dynamic ones
 */
export function nested([first, ...rest]: readonly (number | string)[], element: Json, least = 0): Json {
  if (first === undefined) return element;
  return {
    type: 'array',
    ...(typeof first === 'number' ? { minItems: first, maxItems: first } : least > 0 && { minItems: least }),
    items: nested(rest, element, least),
  };
}

/** Lists the first choices of a feature for its description; 'x-choices' has all. */
function listed(choices: readonly string[]): string {
  const first = choices.slice(0, MOST_LISTED).join(', ');
  return choices.length > MOST_LISTED ? `${first} and ${choices.length - MOST_LISTED} more` : first;
}

function shapeNote(shape: readonly (number | string)[]): string | undefined {
  const dynamic = shape.filter((dimension) => typeof dimension === 'string');
  return dynamic.length === 0
    ? undefined
    : `Nested arrays of shape [${shape.map((dimension) => (dimension === '' ? '?' : dimension)).join(', ')}]. ` +
        'At each level, all arrays have the same length.';
}

function componentOf(dtype: DType): string {
  return dtype.replace('int', 'Int').replace('uInt', 'UInt');
}
