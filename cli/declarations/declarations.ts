/** What the models take and give as TypeScript, for callers: a changed model breaks them when they are compiled. */
import type { DType } from '../../onnx/engine/engine.ts';
import type { Feature } from '../../onnx/signature/features.ts';
import type { Signature } from '../../onnx/signature/signature.ts';
import type { TensorSpec } from '../../onnx/signature/tensor-spec.ts';
import { typeNames } from '../../service/contract/index.ts';
import { comment, literal, property } from './source-text.ts';

/** The same text for the same models, whatever their order. */
export function declarations(models: readonly Signature[]): string {
  const sorted = [...models].sort((a, b) => (a.name < b.name ? -1 : 1));
  const names = typeNames(sorted.map(({ name }) => name));
  const named = sorted.map((signature, index) => ({ signature, type: names[index] ?? '' }));
  const bodies = named.map(({ signature, type }) => declaration(signature, type));
  const used = (shared: keyof typeof sharedTypes): boolean =>
    bodies.some((body) => new RegExp(`\\b${shared}\\b`).test(body));
  return [
    '/* eslint-disable */\n// Written by `rhizome types` from the signatures of the models. Do not edit: write it again when a model changes.\n\n',
    '/** For `createClient<Models>(…)` of rhizome-kit/client. */\nexport interface Models {\n',
    ...named.map(
      ({ signature, type }) =>
        `  readonly ${property(signature.name)}: { readonly features: ${type}Features; readonly prediction: ${type}Prediction };\n`,
    ),
    '}\n',
    ...bodies,
    ...(Object.keys(sharedTypes) as (keyof typeof sharedTypes)[])
      .filter(used)
      .map((shared) => `\n${sharedTypes[shared]}\n`),
  ].join('');
}

/** Each where a model needs it. */
const sharedTypes = {
  Warning: [
    '/** A value outside of its valid range. */',
    'export interface Warning {',
    '  /** Where it is in the request, as `#/1/petal_width`. */',
    '  readonly pointer: string;',
    '  readonly detail: string;',
    '  readonly value?: unknown;',
    '  readonly expected?: string;',
    '}',
  ].join('\n'),
  Float:
    "/** JSON has no number for the last three: `Number` of them has. */\nexport type Float = number | 'NaN' | 'Infinity' | '-Infinity';",
  Nested: '/** The model does not tell how deeply. */\nexport type Nested<T> = T | readonly Nested<T>[];',
} as const;

function declaration(signature: Signature, type: string): string {
  const { name, description, features, output } = signature;
  return [
    '\n',
    comment([sentence(description)]),
    `export interface ${type}Features {\n`,
    ...features.map(
      (feature) =>
        `${comment(notes(feature), '  ')}  readonly ${property(feature.name)}: ${nested(feature.shape, inputTypes[kindOf(feature.dtype)])};\n`,
    ),
    '}\n',
    ...(output.task === 'classifier'
      ? [`\nexport type ${type}Class = ${output.classes.map(literal).join(' | ')};\n`]
      : []),
    `\nexport interface ${type}Prediction {\n`,
    ...answer(signature, type).map((line) => `  ${line}\n`),
    `  readonly model: { readonly name: ${literal(name)}; readonly version: string };\n`,
    ...(features.some(({ range }) => range)
      ? ['  /** Values outside of their valid range. */\n  readonly warnings?: readonly Warning[];\n']
      : []),
    '}\n',
  ].join('');
}

function answer(signature: Signature, type: string): readonly string[] {
  const { output } = signature;
  switch (output.task) {
    case 'classifier':
      return [
        `readonly prediction: ${type}Class;`,
        ...(output.probabilities
          ? ['/** They add up to about 1. */', `readonly probabilities: Readonly<Record<${type}Class, number>>;`]
          : []),
      ];
    case 'regressor':
      return ['readonly prediction: number;'];
    case 'anomaly-detector':
      return [
        '/** -1 is an anomaly, 1 is none. */',
        'readonly prediction: -1 | 1;',
        '/** The lower, the more of an anomaly. */',
        'readonly score: number;',
      ];
    case 'tensors':
      return [
        'readonly outputs: {',
        ...output.outputs.map((spec) => `  readonly ${property(spec.name)}: ${outputType(spec, signature)};`),
        '};',
      ];
  }
}

const sentence = (text = ''): string => (text === '' || /[.!?]$/.test(text) ? text : `${text}.`);

function notes({ description, unit, range, shape, dtype }: Feature): readonly (string | undefined)[] {
  return [
    sentence(description),
    unit === undefined ? undefined : `In ${sentence(unit)}`,
    range && `Valid from ${range[0]} to ${range[1]}.`,
    shape.length === 0
      ? undefined
      : `Shape [${shape.map((dimension) => (dimension === '' ? '?' : dimension)).join(', ')}].`,
    // What a float is needs no words.
    kindOf(dtype) === 'integer' || kindOf(dtype) === 'long' ? `A whole number (${dtype}).` : undefined,
  ];
}

type Kind = 'float' | 'integer' | 'long' | 'text' | 'truth';

function kindOf(dtype: DType): Kind {
  if (dtype === 'string') return 'text';
  if (dtype === 'bool') return 'truth';
  if (dtype.startsWith('float')) return 'float';
  return dtype.endsWith('64') ? 'long' : 'integer';
}

const inputTypes: Readonly<Record<Kind, string>> = {
  float: 'number',
  integer: 'number',
  long: 'number | bigint',
  text: 'string',
  truth: 'boolean',
};
const outputTypes: Readonly<Record<Kind, string>> = { ...inputTypes, float: 'Float' };

/** An output's value for one row: without the dimension of rows, where it is known to have one. */
function outputType({ dtype, shape }: TensorSpec, { batching, inputs }: Signature): string {
  const element = outputTypes[kindOf(dtype)];
  if (shape.length === 0) return `Nested<${element}>`;
  const [rows, ...rest] = shape;
  if (batching === 'unbatched' || (typeof rows === 'number' && rows !== 1)) return nested(shape, element);
  const certain = rows === 1 || (rows !== '' && inputs.some((input) => input.shape[0] === rows));
  return certain ? nested(rest, element) : `${nested(rest, element)} | ${nested(shape, element)}`;
}

function nested(shape: readonly unknown[], element: string): string {
  return shape.reduce<string>((type) => `readonly ${/ /.test(type) ? `(${type})` : type}[]`, element);
}
