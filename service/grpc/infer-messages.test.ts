import type { DType, TensorData } from '../../onnx/engine/engine.ts';
import { readInputs, writeOutputs } from './infer-messages.ts';
import type { ModelInferRequest, ModelInferResponse } from './messages.ts';
import { loadProtos } from './protos.ts';

const { requestSerialize, requestDeserialize, responseSerialize, responseDeserialize } =
  loadProtos().inference['ModelInfer']!;
const sent = (request: ModelInferRequest): ModelInferRequest =>
  requestDeserialize(requestSerialize(request)) as ModelInferRequest;
const answered = (response: Partial<ModelInferResponse>): ModelInferResponse =>
  responseDeserialize(responseSerialize(response)) as ModelInferResponse;

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
  for (const asked of [{}, { raw_input_contents: [Buffer.of(0)] }]) {
    const { outputs, raw_output_contents: raw = [] } = answered(writeOutputs(asked, [tensor]));
    expect(outputs).toMatchObject([{ name: 'x', datatype, shape: ['3'] }]);
    expect(raw).toHaveLength(asked.raw_input_contents || dtype === 'float16' ? 1 : 0);
    expect(readInputs(sent({ inputs: outputs, raw_input_contents: raw }))).toEqual([tensor]);
  }
});

test('an empty tensor stays empty, typed and raw', () => {
  expect(readInputs(sent({ inputs: [{ name: 'x', datatype: 'INT64', shape: ['0', '4'] }] }))).toEqual([
    { name: 'x', dtype: 'int64', shape: [0, 4], data: new BigInt64Array() },
  ]);
  expect(
    readInputs(sent({ inputs: [{ name: 'x', datatype: 'BYTES', shape: ['0'] }], raw_input_contents: [Buffer.of()] })),
  ).toEqual([{ name: 'x', dtype: 'string', shape: [0], data: [] }]);
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
  expect(() => readInputs(sent({ inputs: [{ name: 'x', shape: ['1'], ...input }] }))).toThrow(`Input 'x': ${message}`);
});
