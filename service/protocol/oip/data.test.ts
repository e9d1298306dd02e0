import fc from 'fast-check';
import { dtypes, integerRange, pack, toElement, unpack, type Scalar } from '../../../onnx/signature/dtypes.ts';
import type { DType } from '../../../onnx/engine/engine.ts';
import { ServiceError } from '../../errors.ts';
import type { NamedTensor } from '../../inference/infer.ts';
import { parseJson, stringifyJson } from '../json.ts';
import { readData } from './data.ts';
import { datatypeOf } from './datatypes.ts';
import { encodeInferResponse } from './response.ts';

// Data is read and written exactly as one element at a time would be.

/** An arbitrary for the JSON text of an element; about every element fits some dtype. */
const elementText = fc.oneof(
  fc.double().map((value) => (Number.isFinite(value) ? JSON.stringify(value) : `"${value}"`)),
  fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }).map(String),
  fc.integer({ min: -200, max: 300 }).map(String),
  fc.string({ unit: 'binary' }).map((text) => JSON.stringify(text)),
  fc.constantFrom('-0', '1e21', '1e400', 'true', 'false', 'null', '"NaN"', '"12"', '{}', '"\\u0000"', '65504', '3.0'),
);

/** An arbitrary for the JSON text of an element that fits. */
function fittingText(dtype: DType): fc.Arbitrary<string> {
  return elementText.filter((text) => toElement(dtype, parse(text)) !== undefined);
}

const parse = (text: string): unknown => parseJson(new TextEncoder().encode(text));

/** Returns the elements of nested arrays; undefined if they do not have the shape. */
function flatten(value: unknown, [length, ...inner]: readonly number[]): unknown[] | undefined {
  if (length === undefined) return Array.isArray(value) ? undefined : [value];
  if (!Array.isArray(value) || value.length !== length) return undefined;
  const parts = value.map((item) => flatten(item, inner));
  return parts.some((part) => part === undefined) ? undefined : parts.flatMap((part) => part!);
}

function nestText(texts: readonly string[], [length, ...inner]: readonly number[]): string {
  if (length === undefined) return texts[0]!;
  const size = texts.length / Math.max(length, 1);
  const items = Array.from({ length }, (_, index) => nestText(texts.slice(index * size, (index + 1) * size), inner));
  return `[${items.join()}]`;
}

const shapes = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 3 });

describe.each(dtypes)('%s', (dtype) => {
  const request = fc.record({ shape: shapes, isNested: fc.boolean(), isPlain: fc.boolean() }).chain((kind) => {
    const { shape, isNested, isPlain } = kind;
    const count = shape.reduce((product, size) => product * size, 1);
    const element = isPlain
      ? fittingText(dtype)
      : fc.oneof({ weight: 4 * count, arbitrary: fittingText(dtype) }, elementText, fc.constant('[1]'));
    return fc
      .array(element, { minLength: count, maxLength: isPlain ? count : count + (isNested ? 0 : 1) })
      .map((texts) => ({ shape, count, text: isNested ? nestText(texts, shape) : `[${texts.join()}]` }));
  });

  test('data is read, flat or nested', () => {
    fc.assert(
      fc.property(request, ({ shape, count, text }) => {
        const json = parse(text);
        const values = flatten(json, (json as unknown[]).some(Array.isArray) ? shape : [count]);
        const elements = values?.map((value) => toElement(dtype, value));
        const read = (): unknown => readData('x', dtype, { shape, count }, json);
        if (elements === undefined || elements.includes(undefined)) expect(read).toThrow(ServiceError);
        else expect(read()).toEqual(pack(dtype, elements as Scalar[]));
      }),
      { numRuns: 300 },
    );
  });

  test('data is written', () => {
    const integers = integerRange(dtype);
    const element: fc.Arbitrary<Scalar> =
      dtype === 'string'
        ? fc.string({ unit: 'binary' })
        : dtype === 'bool'
          ? fc.boolean()
          : integers === undefined
            ? fc.oneof(fc.double(), fc.constantFrom(-0, 1e21, 1e-7, 0.1))
            : fc
                .bigInt({ min: integers[0], max: integers[1] })
                .map((value) => (dtype.endsWith('int64') ? value : Number(value)));
    fc.assert(
      fc.property(fc.array(element, { maxLength: 100 }), fc.string(), fc.boolean(), (elements, text, hasId) => {
        const signature = { name: text, version: '1' };
        const id = hasId ? text : undefined;
        const data = pack(dtype, elements);
        const outputs: NamedTensor[] = [
          { name: text, dtype, shape: [elements.length], data },
          { name: 'y', dtype: 'int8', shape: [], data: Int8Array.of(1) },
        ];
        const { body } = encodeInferResponse(signature, { ...(hasId && { id: text }), binary: () => false }, outputs);
        expect(body).toBe(
          stringifyJson({
            model_name: text,
            model_version: '1',
            ...(id !== undefined && { id }),
            outputs: outputs.map(({ name, shape, ...of }) => ({
              name,
              datatype: datatypeOf(of.dtype),
              shape,
              data: unpack({ shape, ...of }),
            })),
          }),
        );
      }),
      { numRuns: 200 },
    );
  });
});

test('a large binary output is a chunk of its own: a view of the tensor', () => {
  const data = new Float32Array(10_000);
  const { body, jsonLength } = encodeInferResponse({ name: 'm', version: '1' }, { binary: () => true }, [
    { name: 'y', dtype: 'float32', shape: [10_000], data },
  ]);
  const [json, chunk] = body as readonly Uint8Array[];
  expect(json).toHaveLength(jsonLength!);
  expect(chunk).toEqual(new Uint8Array(data.buffer));
  expect(chunk!.buffer).toBe(data.buffer);
});
