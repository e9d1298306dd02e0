import fc from 'fast-check';
import { decodePredictions, predictionOutputs } from '../../../onnx/batch/decode-predictions.ts';
import type { Tensor } from '../../../onnx/engine/engine.ts';
import { integerRange, pack, type Scalar } from '../../../onnx/signature/dtypes.ts';
import type { Signature } from '../../../onnx/signature/signature.ts';
import type { TensorSpec } from '../../../onnx/signature/tensor-spec.ts';
import { everySignature } from '../fixtures/signatures.ts';
import { compileWriter, type Outputs } from './compile-writer.ts';
import { writePredictions } from './response.ts';

// A compiled writer returns exactly what the general functions return, or undefined.

interface Part {
  readonly outputs: Outputs;
  readonly firstRow: number;
  readonly rows: number;
  readonly totalRows: number;
  readonly single: boolean;
}

const plainFloat = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -6e4, max: 6e4 }),
  fc.constantFrom(-0, 0, 0.1, 1, 1e-7, -1e-7, 1 / 3, 5e-5, 12345.678),
);
const oddFloat = fc.constantFrom(NaN, Infinity, -Infinity, 1e21, 1e300, 5e-324);

/** An arbitrary for an element of an output. */
function element({ output }: Signature, { name, dtype }: TensorSpec, isPlain: boolean): fc.Arbitrary<Scalar> {
  if (output.task === 'classifier' && name === output.label) {
    const labels = fc.constantFrom(...output.labels);
    return isPlain ? labels : fc.oneof({ weight: 9, arbitrary: labels }, fc.constant(dtype === 'string' ? '?' : 99n));
  }
  if (dtype === 'string')
    return isPlain ? fc.string({ unit: 'binary' }) : fc.oneof(fc.string({ unit: 'binary' }), fc.constant('null'));
  if (dtype === 'bool') return fc.boolean();
  const integers = integerRange(dtype);
  if (integers !== undefined) {
    const values = fc.bigInt({ min: integers[0], max: integers[1] });
    return dtype.endsWith('int64') ? values : values.map(Number);
  }
  return isPlain ? plainFloat : fc.oneof({ weight: 9, arbitrary: plainFloat }, oddFloat);
}

/** An arbitrary for the outputs of a run, and which rows are the request's. */
function part(signature: Signature, isPlain: boolean): fc.Arbitrary<Part> {
  const names = predictionOutputs(signature);
  const specs = names.map((name) => signature.outputs.find((spec) => spec.name === name)!);
  const tensor = (spec: TensorSpec, rows: number, size: number): fc.Arbitrary<Tensor> => {
    const [, ...inner] = spec.shape;
    const declared = signature.batching === 'unbatched' ? spec.shape : [rows, ...inner];
    const shape = declared.map((dimension) => (typeof dimension === 'number' ? dimension : size));
    const length = shape.reduce((product, dimension) => product * dimension, 1);
    return fc
      .array(element(signature, spec, isPlain), { minLength: length, maxLength: length })
      .map((values) => ({ dtype: spec.dtype, shape, data: pack(spec.dtype, values) }));
  };
  const most = signature.batching === 'batched' ? 3 : 0;
  return fc
    .tuple(
      fc.nat(most),
      fc.integer({ min: 1, max: most + 1 }),
      fc.nat(most),
      fc.integer({ min: isPlain ? 1 : 0, max: 3 }),
    )
    .chain(([firstRow, rows, after, size]) => {
      const totalRows = firstRow + rows + after;
      return fc.record({
        outputs: fc
          .tuple(...specs.map((spec) => tensor(spec, totalRows, size)))
          .map((tensors) => Object.fromEntries(names.map((name, index) => [name, tensors[index]!]))),
        firstRow: fc.constant(firstRow),
        rows: fc.constant(rows),
        totalRows: fc.constant(totalRows),
        single: rows === 1 ? fc.boolean() : fc.constant(false),
      });
    });
}

function writeGenerally(signature: Signature, { outputs, firstRow, rows, totalRows, single }: Part): string {
  const own = Object.entries(outputs).map(
    ([
      name,
      {
        dtype,
        shape: [total, ...inner],
        data,
      },
    ]): [string, Tensor] => {
      const size = data.length / totalRows;
      return totalRows === rows
        ? [name, outputs[name]!]
        : [
            name,
            {
              dtype,
              shape: [total === totalRows ? rows : total!, ...inner],
              data: data.slice(firstRow * size, (firstRow + rows) * size),
            },
          ];
    },
  );
  const predictions = decodePredictions(signature, Object.fromEntries(own), rows);
  return writePredictions(signature, predictions, { single, warnings: new Map() });
}

describe.each(await everySignature())('%s', (_, signature) => {
  const write = compileWriter(signature);

  test('plain outputs are written', () => {
    fc.assert(
      fc.property(part(signature, true), (of) => {
        expect(write(of.outputs, of.firstRow, of.rows, of.single, of.totalRows)).toBe(writeGenerally(signature, of));
      }),
      { numRuns: 60 },
    );
  });

  test('other outputs are written in the same way, or not at all', () => {
    fc.assert(
      fc.property(part(signature, false), (of) => {
        const text = write(of.outputs, of.firstRow, of.rows, of.single, of.totalRows);
        if (text !== undefined) expect(text).toBe(writeGenerally(signature, of));
      }),
      { numRuns: 100 },
    );
  });
});

test('a response that is too large is not written further, whatever writes it', () => {
  const signature: Signature = {
    name: 'm',
    version: '1',
    inputs: [],
    outputs: [{ name: 'y', dtype: 'float32', shape: ['N'] }],
    batching: 'batched',
    features: [],
    output: { task: 'regressor', value: 'y' },
    metrics: {},
    examples: [],
  };
  const outputs = { y: { dtype: 'float32', shape: [1000], data: new Float32Array(1000) } } as const;
  const predictions = decodePredictions(signature, outputs, 1000);
  const decoded = { single: false, warnings: new Map() };
  const { length } = writePredictions(signature, predictions, decoded);
  const tooLarge = expect.objectContaining({
    code: 'body-too-large',
    message: 'The response would be larger than 40000 bytes (MAX_RESPONSE_BYTES). Send fewer rows per request.',
  });
  expect(length).toBeGreaterThan(40_000);
  expect(() => compileWriter(signature, 40_000)(outputs, 0, 1000, false)).toThrow(tooLarge);
  expect(() => writePredictions(signature, predictions, decoded, 40_000)).toThrow(tooLarge);
  expect(compileWriter(signature, length)(outputs, 0, 1000, false)).toHaveLength(length);
  expect(writePredictions(signature, predictions, decoded, length)).toHaveLength(length);
});

test('an output of the task tensors that does not have the rows along its first dimension is not split', () => {
  const outputs = { a: { dtype: 'int8', shape: [3], data: Int8Array.of(1, 2, 3) } } as const;
  const signature: Signature = {
    name: 'm',
    version: '1',
    inputs: [],
    outputs: [{ name: 'a', dtype: 'int8', shape: ['N'] }],
    batching: 'batched',
    features: [],
    output: { task: 'tensors', outputs: [{ name: 'a', dtype: 'int8', shape: ['N'] }] },
    metrics: {},
    examples: [],
  };
  const write = compileWriter(signature);
  expect(write(outputs, 0, 1, true)).toBe('{"outputs":{"a":[1,2,3]},"model":{"name":"m","version":"1"}}');
  expect(write(outputs, 0, 2, false)).toBeUndefined();
  expect(write(outputs, 2, 1, true, 3)).toBe('{"outputs":{"a":3},"model":{"name":"m","version":"1"}}');
});
