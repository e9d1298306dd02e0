import * as fc from 'fast-check';
import type { DType, TensorData } from '../../../onnx/engine/engine.ts';
import { encodeRequest, receivedInputs, receivedResponse } from '../fixtures/codec.ts';
import { WireError } from '../../protobuf/wire-reader.ts';
import { decodeInferRequest } from './request.ts';
import { encodeInferResponse } from './response.ts';

const elements: readonly (readonly [DType, string, TensorData])[] = [
  ['float32', 'FP32', new Float32Array([1.5, NaN, -Infinity])],
  ['float64', 'FP64', new Float64Array([0.1, NaN, Infinity])],
  ['float16', 'FP16', new Float16Array([1.5, NaN, 65504])],
  ['int8', 'INT8', new Int8Array([-128, 0, 127])],
  ['int16', 'INT16', new Int16Array([-32768, 0, 32767])],
  ['int32', 'INT32', new Int32Array([-(2 ** 31), 0, 2 ** 31 - 1])],
  ['int64', 'INT64', new BigInt64Array([-(2n ** 63n), 2n ** 53n + 1n, 2n ** 63n - 1n])],
  ['uint8', 'UINT8', new Uint8Array([0, 1, 255])],
  ['uint16', 'UINT16', new Uint16Array([0, 1, 65535])],
  ['uint32', 'UINT32', new Uint32Array([0, 1, 2 ** 32 - 1])],
  ['uint64', 'UINT64', new BigUint64Array([0n, 2n ** 53n + 1n, 2n ** 64n - 1n])],
  ['bool', 'BOOL', new Uint8Array([1, 0, 1])],
  ['string', 'BYTES', ['', 'Ünïcödé', '\u{1F338}']],
];

test.each(elements)('%s is sent as %s and comes back unchanged, typed and raw', (dtype, datatype, data) => {
  const tensor = { name: 'x', dtype, shape: [3], data };
  for (const raw of [false, true]) {
    const { outputs, raw_output_contents: contents = [] } = receivedResponse([tensor], raw);
    expect(outputs).toMatchObject([{ name: 'x', datatype, shape: ['3'] }]);
    expect(contents).toHaveLength(raw || dtype === 'float16' ? 1 : 0);
    expect(receivedInputs({ inputs: outputs, raw_input_contents: contents })).toEqual([tensor]);
  }
});

test('an empty tensor stays empty, typed and raw', () => {
  expect(receivedInputs({ inputs: [{ name: 'x', datatype: 'INT64', shape: ['0', '4'] }] })).toEqual([
    { name: 'x', dtype: 'int64', shape: [0, 4], data: new BigInt64Array() },
  ]);
  expect(
    receivedInputs({ inputs: [{ name: 'x', datatype: 'BYTES', shape: ['0'] }], raw_input_contents: [Buffer.of()] }),
  ).toEqual([{ name: 'x', dtype: 'string', shape: [0], data: [] }]);
});

test.each(elements)('a response of %s may have as many bytes as are allowed, typed and raw', (dtype, _, data) => {
  for (const rawContents of [[], [Buffer.of()]]) {
    const encode = (most?: number): Buffer =>
      encodeInferResponse(
        { name: 'm', version: '1' },
        { id: '', rawContents },
        [{ name: 'x', dtype, shape: [3], data }],
        most,
      );
    const { length } = encode();
    expect(encode(length)).toEqual(encode());
    for (const most of [length - 1, 2])
      expect(() => encode(most)).toThrow(expect.objectContaining({ code: 'body-too-large' }));
  }
});

test.each([
  [
    'an int8 beyond its range',
    { datatype: 'INT8', contents: { int_contents: [1, 128] } },
    'element 1 is 128, expected a whole number (int8) from -128 to 127',
  ],
  ['a uint16 beyond its range', { datatype: 'UINT16', contents: { uint_contents: [65536] } }, 'element 0 is 65536'],
  [
    'text that is not UTF-8',
    { datatype: 'BYTES', contents: { bytes_contents: [Buffer.of(255)] } },
    'element 0 is not UTF-8',
  ],
  [
    'FP16 with typed contents',
    { datatype: 'FP16', contents: { fp32_contents: [1] } },
    'FP16 has no field. Send it in raw_input_contents',
  ],
  [
    'contents in two fields',
    { datatype: 'INT32', contents: { int_contents: [1], fp32_contents: [1] } },
    'its elements are in fp32_contents, expected them in int_contents',
  ],
  ['no datatype', {}, "the datatype is '', expected one of"],
])('%s is refused', (_, input, message) => {
  expect(() => receivedInputs({ inputs: [{ name: 'x', shape: ['1'], ...input }] })).toThrow(`Input 'x': ${message}`);
});

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const text = fc.string({ unit: 'binary' });

test('a request is decoded as a client encodes it, whatever it contains', () => {
  const input = fc.record(
    {
      name: text,
      datatype: text,
      shape: fc.array(int64.map(String)),
      parameters: fc.dictionary(fc.string(), fc.record({ double_param: fc.double() })),
      contents: fc.record(
        {
          bool_contents: fc.array(fc.boolean()),
          int_contents: fc.array(fc.integer()),
          int64_contents: fc.array(int64.map(String)),
          uint_contents: fc.array(fc.nat(2 ** 32 - 1)),
          uint64_contents: fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String)),
          fp32_contents: fc.array(fc.float()),
          fp64_contents: fc.array(fc.double()),
          bytes_contents: fc.array(fc.uint8Array().map((bytes) => Buffer.from(bytes))),
        },
        { requiredKeys: [] },
      ),
    },
    { requiredKeys: [] },
  );
  const request = fc.record(
    {
      model_name: text,
      model_version: text,
      id: text,
      inputs: fc.array(input, { maxLength: 3 }),
      outputs: fc.array(fc.record({ name: text })),
      raw_input_contents: fc.array(fc.uint8Array().map((bytes) => Buffer.from(bytes))),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(request, (sent) => {
      const received = decodeInferRequest(encodeRequest(sent));
      expect(received).toEqual({
        modelName: sent.model_name ?? '',
        modelVersion: sent.model_version ?? '',
        id: sent.id ?? '',
        outputs: (sent.outputs ?? []).map(({ name }) => name),
        rawContents: sent.raw_input_contents ?? [],
        inputs: (sent.inputs ?? []).map(({ name = '', datatype = '', shape = [], contents = {} }) => ({
          name,
          datatype,
          shape: shape.map((size) => (Number.isSafeInteger(Number(size)) ? Number(size) : BigInt(size))),
          contents: Object.fromEntries(
            Object.entries(contents)
              .filter(([, elements]) => elements.length > 0)
              .map(([field, elements]) => [field, arrays[field as keyof typeof arrays](elements)]),
          ),
        })),
      });
    }),
  );
});

const arrays = {
  bool_contents: (elements: readonly unknown[]) => Uint8Array.from(elements as boolean[], Number),
  int_contents: (elements: readonly unknown[]) => Int32Array.from(elements as number[]),
  int64_contents: (elements: readonly unknown[]) => BigInt64Array.from(elements as string[], BigInt),
  uint_contents: (elements: readonly unknown[]) => Uint32Array.from(elements as number[]),
  uint64_contents: (elements: readonly unknown[]) => BigUint64Array.from(elements as string[], BigInt),
  fp32_contents: (elements: readonly unknown[]) => Float32Array.from(elements as number[]),
  fp64_contents: (elements: readonly unknown[]) => Float64Array.from(elements as number[]),
  bytes_contents: (elements: readonly unknown[]) => elements,
};

test('a response has every integer that an output can have', () => {
  fc.assert(
    fc.property(fc.array(int64), fc.array(fc.integer()), text, (large, small, name) => {
      const { model_name, id, outputs } = receivedResponse(
        [
          { name, dtype: 'int64', shape: [large.length], data: BigInt64Array.from(large) },
          { name: 'ü'.repeat(100), dtype: 'int32', shape: [1, small.length], data: Int32Array.from(small) },
        ],
        false,
        name,
      );
      expect([model_name, id ?? '', ...outputs.map((output) => output.name ?? '')]).toEqual([
        'm',
        name,
        name,
        'ü'.repeat(100),
      ]);
      expect(outputs[0]!.contents?.int64_contents ?? []).toEqual(large.map(String));
      expect(outputs[1]!.contents?.int_contents ?? []).toEqual(small);
      expect(outputs[1]!.shape).toEqual(['1', String(small.length)]);
    }),
  );
});

test('elements that are not packed are read in linear time, and in order with those that are', () => {
  const count = 200_000;
  const contents = Buffer.concat([
    ...Array.from({ length: count }, (_, index) => Buffer.of(0x10, index & 0x7f)),
    Buffer.of(0x12, 2, 1, 2),
  ]);
  const { inputs } = decodeInferRequest(field(5, field(5, contents)));
  const read = inputs[0]!.contents.int_contents!;
  expect(read).toHaveLength(count + 2);
  expect([...read.subarray(-3)]).toEqual([(count - 1) & 0x7f, 1, 2]);
});

/** Returns a field with a length. */
function field(number: number, bytes: Buffer): Buffer {
  const length = [];
  for (let rest = bytes.length; length.length === 0 || rest > 0; rest = Math.floor(rest / 128))
    length.push((rest & 0x7f) + (rest >= 128 ? 0x80 : 0));
  return Buffer.concat([Buffer.of(number * 8 + 2, ...length), bytes]);
}

describe('unknown fields', () => {
  test.each([
    ['a varint', [0xf8, 0x01, 0xff, 0x01]],
    ['64 bits', [0xf9, 0x01, ...Buffer.alloc(8)]],
    ['a text', [0xfa, 0x01, 1, 0]],
    ['nested groups', [0xfb, 0x01, 0xfb, 0x01, 0x08, 1, 0xfc, 0x01, 0xfc, 0x01]],
    ['32 bits', [0xfd, 0x01, ...Buffer.alloc(4)]],
  ])('%s is skipped', (_, bytes) => {
    expect(decodeInferRequest(Buffer.concat([Buffer.from(bytes), field(1, Buffer.from('m'))])).modelName).toBe('m');
  });
});

describe('a message is invalid', () => {
  test.each([
    ['that ends within a number', [0x80]],
    ['that ends within a text', [0x0a, 5, 1]],
    ['that ends within 32 bits', [0xfd, 0x01, 0]],
    ['with a number of eleven bytes', [0x08, ...Buffer.alloc(10, 0x80), 0]],
    ['with the field 0', [0x02, 0]],
    ['with a text that is a number', [0x08, 1]],
    ['with a length of more than four bytes', [0x0a, ...Buffer.alloc(6, 0xff), 1]],
    ['with an unknown type', [0x0f]],
    ['with a group without an end', [0xfb, 0x01]],
    ['with the end of a group only', [0xfc, 0x01]],
    ['with packed floats of five bytes', [0x2a, 9, 0x2a, 7, 0x32, 5, 0, 0, 0, 0, 0]],
    ['with a nested field that is longer than its message', [0x2a, 2, 0x0a, 5, 1, 1, 1, 1, 1]],
  ])('%s', (_, bytes) => {
    expect(() => decodeInferRequest(Buffer.from(bytes))).toThrow(WireError);
  });

  test('or valid, but never breaks the decoder', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        try {
          decodeInferRequest(Buffer.from(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
