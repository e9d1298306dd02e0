import fc from 'fast-check';
import { canShareRun, encodeRows } from '../../../onnx/batch/encode-rows.ts';
import type { Row } from '../../../onnx/signature/cells.ts';
import { integerRange, largestFloat } from '../../../onnx/signature/dtypes.ts';
import type { Feature, Signature } from '../../../onnx/signature/signature.ts';
import { ServiceError } from '../../errors.ts';
import { everySignature } from '../fixtures/signatures.ts';
import { parseJson } from '../json.ts';
import { compileReader, type ReadFeatures } from './compile-reader.ts';
import { decodeFeatures } from './request.ts';

// A compiled reader returns exactly what the general functions return, or undefined.

/** An arbitrary for the JSON text of an element that fits. */
function plainElement({ nullable, ...feature }: Feature): fc.Arbitrary<string> {
  if (nullable === true) return fc.oneof({ weight: 4, arbitrary: plainElement(feature) }, fc.constant('null'));
  const { dtype, choices, range: [low, high] = [-Infinity, Infinity] } = feature;
  if (choices) return fc.constantFrom(...choices.map((choice) => JSON.stringify(choice)));
  if (dtype === 'string')
    return fc
      .string({ unit: 'grapheme' })
      .filter((text) => !text.includes('\0'))
      .map((text) => JSON.stringify(text));
  if (dtype === 'bool') return fc.constantFrom('true', 'false');
  const integers = integerRange(dtype);
  if (integers === undefined) {
    const most = largestFloat(dtype)!;
    return fc
      .double({ min: Math.max(low, -most), max: Math.min(high, most), noNaN: true })
      .map((value) => (Object.is(value, -0) ? '-0' : String(value)));
  }
  const clamp = (value: bigint): bigint =>
    value < low ? BigInt(Math.ceil(low)) : value > high ? BigInt(Math.floor(high)) : value;
  return fc.bigInt({ min: clamp(integers[0]), max: clamp(integers[1]) }).map(String);
}

/** Elements in every form, most of which fit some dtype. */
const oddElement = fc.constantFrom(
  ...['-0', '0', '1', '1e21', '1e-7', '1e400', '-1e39', '65505', '128', '1.5', '3.0', '5.000001', '16777217'],
  ...['9007199254740993', '-9223372036854775808', '18446744073709551615', '18446744073709551616'],
  ...['"NaN"', '"Infinity"', '"-Infinity"', '"1"', '"-0"', '"007"', '"x"', '"\\u0000"', '"\\ud800"', '""'],
  ...['null', 'true', 'false', '[]', '[1]', '[[1]]', '{}', '{"a":1}'],
);

/** An arbitrary for the JSON text of a feature's value: an element, or nested arrays. */
function valueText(feature: Feature, element: fc.Arbitrary<string>, symbolSize: number): fc.Arbitrary<string> {
  return feature.shape.reduceRight<fc.Arbitrary<string>>((inner, dimension) => {
    const length = typeof dimension === 'number' ? dimension : symbolSize;
    return fc.array(inner, { minLength: length, maxLength: length }).map((items) => `[${items.join(',')}]`);
  }, element);
}

/** An arbitrary for a body as JSON text. Unless it is plain, anything may be wrong with it. */
function bodyText({ features }: Signature, isPlain: boolean): fc.Arbitrary<string> {
  const rarely = <T>(usual: fc.Arbitrary<T>, odd: fc.Arbitrary<T>): fc.Arbitrary<T> =>
    isPlain ? usual : fc.oneof({ weight: 3 * features.length, arbitrary: usual }, { weight: 1, arbitrary: odd });
  const value = (feature: Feature, size: number): fc.Arbitrary<string> => {
    const plain = plainElement(feature);
    return rarely(
      valueText(feature, isPlain ? plain : fc.oneof({ weight: 9, arbitrary: plain }, oddElement), size),
      oddElement,
    );
  };
  const keys = features.map(({ name }) => JSON.stringify(name));
  const oddMembers = fc.constantFrom('', '"x":1', '"__proto__":1', '"0":1', `${keys[0] ?? '"a"'}:1`);
  const object = (values: readonly string[], order: readonly number[], extra: string): string => {
    const members = order.map((index) => `${keys[index]!}:${values[index]!}`);
    const kept = extra === 'drop' ? members.slice(1) : members;
    return `{${[...kept, ...(extra && extra !== 'drop' ? [extra] : [])].join()}}`;
  };
  const indices = features.map((_, index) => index);
  const order = fc.oneof(
    fc.constant(indices),
    fc.shuffledSubarray(indices, { minLength: indices.length, maxLength: indices.length }),
  );
  const extra = rarely(fc.constant(''), fc.oneof(oddMembers, fc.constant('drop')));
  const row = (size: number): fc.Arbitrary<string> =>
    rarely(
      fc
        .tuple(fc.tuple(...features.map((feature) => value(feature, size))), order, extra)
        .map((parts) => object(...parts)),
      fc.constantFrom('1', 'null', '[]', '[1,2,3,4]', '{}', '"text"'),
    );
  const columns = (size: number, rows: number): fc.Arbitrary<string> =>
    fc
      .tuple(
        fc.tuple(
          ...features.map((feature) =>
            rarely(
              fc
                .array(value(feature, size), { minLength: rows, maxLength: rows })
                .map((items) => `[${items.join(',')}]`),
              fc.constantFrom('[]', '1', '[1,2,3,4,5,6]', '{}'),
            ),
          ),
        ),
        order,
        extra,
        rarely(fc.constant(''), fc.constantFrom(',"x":1', ',"__proto__":1', ',"columns":1')),
      )
      .map(([values, places, more, next]) => `{"columns":${object(values, places, more)}${next}}`);
  return fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 4 })).chain(([size, rows]) =>
    fc.oneof(
      row(size),
      fc.array(row(size), { minLength: isPlain ? 1 : 0, maxLength: 5 }).map((items) => `[${items.join(',')}]`),
      columns(size, rows),
    ),
  );
}

/** Returns what the general functions read; undefined if a run cannot process it, or there are errors or warnings. */
function readGenerally(signature: Signature, body: unknown, strict: boolean): ReadFeatures | undefined {
  try {
    const { rows: sent, single, warnings } = decodeFeatures(signature, body, strict);
    const rows = sent as Row[];
    if (warnings.size > 0) return undefined;
    if (rows.length > 1 && !(signature.batching === 'batched' && canShareRun(signature, rows))) return undefined;
    return { feeds: encodeRows(signature, rows), rows: rows.length, single };
  } catch (error) {
    if (error instanceof ServiceError) return undefined;
    throw error;
  }
}

describe.each(await everySignature())('%s', (_, signature) => {
  const read = compileReader(signature);

  test('plain bodies are read', () => {
    fc.assert(
      fc.property(bodyText(signature, true), (text) => {
        const json = parseText(text);
        expect(read(json)).toEqual(readGenerally(signature, json, true));
      }),
      { numRuns: 60 },
    );
  });

  test('other bodies are read in the same way, or not at all', () => {
    fc.assert(
      fc.property(bodyText(signature, false), fc.boolean(), (text, strict) => {
        const json = parseText(text);
        const result = read(json);
        if (result !== undefined) expect(result).toEqual(readGenerally(signature, json, strict));
      }),
      { numRuns: 200 },
    );
  });
});

function parseText(text: string): unknown {
  return parseJson(new TextEncoder().encode(text));
}
