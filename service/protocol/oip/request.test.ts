import type { NamedTensor } from '../../inference/infer.ts';
import { decodeInferRequest } from './request.ts';
import { encodeInferResponse } from './response.ts';

const x = { name: 'x', shape: [2, 2], datatype: 'FP32' };
const bytes = (json: unknown): Buffer => Buffer.from(typeof json === 'string' ? json : JSON.stringify(json));
const decode = (json: unknown): ReturnType<typeof decodeInferRequest> => decodeInferRequest(bytes(json));

/** Returns a request with binary tensors after its JSON. */
function decodeBinary(json: unknown, ...tail: readonly Uint8Array[]): ReturnType<typeof decodeInferRequest> {
  const head = bytes(json);
  return decodeInferRequest(Buffer.concat([head, ...tail]), String(head.length));
}

/** Joins the body of a response. */
function toBuffer(body: ReturnType<typeof encodeInferResponse>['body']): Buffer {
  return typeof body === 'string' || body instanceof Uint8Array ? Buffer.from(body as string) : Buffer.concat(body);
}

const thrown = (action: () => unknown): unknown => {
  try {
    return action();
  } catch (error) {
    return error;
  }
};

describe('data', () => {
  test('may be flat or nested', () => {
    const expected = [{ name: 'x', dtype: 'float32', shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) }];
    expect(decode({ inputs: [{ ...x, data: [1, 2, 3, 4] }] }).inputs).toEqual(expected);
    expect(
      decode({
        inputs: [
          {
            ...x,
            data: [
              [1, 2],
              [3, 4],
            ],
          },
        ],
      }).inputs,
    ).toEqual(expected);
  });

  test('has one element for a scalar, and none for an empty tensor', () => {
    const shapes = (shape: number[], data: unknown): unknown =>
      decode({ inputs: [{ name: 'x', datatype: 'INT8', shape, data }] }).inputs[0];
    expect(shapes([], [7])).toEqual({ name: 'x', dtype: 'int8', shape: [], data: Int8Array.of(7) });
    expect(shapes([0, 3], [])).toEqual({ name: 'x', dtype: 'int8', shape: [0, 3], data: Int8Array.of() });
    expect(shapes([2, 0], [[], []])).toEqual({ name: 'x', dtype: 'int8', shape: [2, 0], data: Int8Array.of() });
  });

  test.each<[string, string, unknown]>([
    ['FP32', '[0.5, "NaN", "-Infinity"]', Float32Array.of(0.5, NaN, -Infinity)],
    ['FP64', '[0.1, 1e308, -0]', Float64Array.of(0.1, 1e308, -0)],
    ['FP16', '[0.5, 65504, -1]', Float16Array.of(0.5, 65504, -1)],
    ['INT8', '[-128, 0, 127]', Int8Array.of(-128, 0, 127)],
    ['INT64', '[9223372036854775807, -9007199254740993, "5"]', BigInt64Array.of(2n ** 63n - 1n, -(2n ** 53n) - 1n, 5n)],
    ['UINT64', '[18446744073709551615, 0, 1]', BigUint64Array.of(2n ** 64n - 1n, 0n, 1n)],
    ['BOOL', '[true, false, true]', Uint8Array.of(1, 0, 1)],
    ['BYTES', '["", "\\uFEFFé", "__proto__"]', ['', '\uFEFFé', '__proto__']],
  ])('%s of %s is exact', (datatype, data, expected) => {
    expect(
      decode(`{"inputs":[{"name":"x","shape":[3],"datatype":"${datatype}","data":${data}}]}`).inputs[0]!.data,
    ).toEqual(expected);
  });
});

test('the id, the outputs and their encoding are read; other parameters are accepted', () => {
  const request = decode({
    id: 'a-1',
    parameters: { binary_data_output: true, priority: 3 },
    inputs: [{ ...x, data: [1, 2, 3, 4], parameters: { content_type: 'np' } }],
    outputs: [{ name: 'a' }, { name: 'b', parameters: { binary_data: false } }],
  });
  expect(request).toMatchObject({ id: 'a-1', outputs: ['a', 'b'] });
  expect(['a', 'b', 'c'].map(request.binary)).toEqual([true, false, true]);
  // Some clients send null for missing fields.
  expect(decode({ id: null, parameters: null, outputs: null, inputs: [] })).toMatchObject({ inputs: [], outputs: [] });
});

test('binary tensors follow the JSON in the order of the inputs, at any byte', () => {
  const floats = Buffer.from(Float32Array.of(1.5, NaN).buffer);
  const texts = Buffer.from('\x03\0\0\0\xC3\xA9!\0\0\0\0', 'latin1');
  const { inputs } = decodeBinary(
    {
      inputs: [
        { name: 'texts', shape: [2], datatype: 'BYTES', parameters: { binary_data_size: texts.length } },
        { name: 'json', shape: [1], datatype: 'BOOL', data: [true] },
        { name: 'floats', shape: [2], datatype: 'FP32', parameters: { binary_data_size: 8 } },
        { name: 'flags', shape: [2], datatype: 'BOOL', parameters: { binary_data_size: 2 } },
      ],
    },
    texts,
    floats,
    Buffer.of(0, 1),
  );
  expect(inputs.map(({ data }) => data)).toEqual([
    ['é!', ''],
    Uint8Array.of(1),
    Float32Array.of(1.5, NaN),
    Uint8Array.of(0, 1),
  ]);
});

const good = { ...x, data: [1, 2, 3, 4] };
const texts = (shape: number[], size: number): object => ({
  inputs: [{ name: 't', shape, datatype: 'BYTES', parameters: { binary_data_size: size } }],
});
const refused: [string, () => unknown, string][] = [
  ['an array', () => decode([]), 'The request is an array, expected an object with "inputs".'],
  ['no inputs', () => decode({}), '"inputs" is missing, expected an array.'],
  ['an input of the wrong type', () => decode({ inputs: [5] }), 'inputs[0] is 5, expected an object'],
  ['no name', () => decode({ inputs: [{ ...good, name: 1 }] }), '"name" of inputs[0] is 1, expected a string.'],
  [
    'another datatype',
    () => decode({ inputs: [{ ...good, datatype: 'BF16' }] }),
    `Input 'x': "datatype" is 'BF16', expected one of FP32,`,
  ],
  ['no datatype', () => decode({ inputs: [{ ...good, datatype: undefined }] }), `Input 'x': "datatype" is missing`],
  [
    'no shape',
    () => decode({ inputs: [{ ...good, shape: 4 }] }),
    `Input 'x': "shape" is 4, expected an array of whole numbers.`,
  ],
  [
    'a dimension of the wrong type',
    () => decode({ inputs: [{ ...good, shape: [-2, -2] }] }),
    "Input 'x': dimension 0 of the shape is -2, expected",
  ],
  [
    'an absurd dimension',
    () => decode(`{"inputs":[{"name":"x","datatype":"FP32","shape":[18446744073709551616],"data":[]}]}`),
    "Input 'x': the shape [18446744073709552000] has more than",
  ],
  ['no data', () => decode({ inputs: [x] }), `Input 'x': it has neither "data"`],
  [
    'data of the wrong type',
    () => decode({ inputs: [{ ...x, data: 5 }] }),
    `Input 'x': "data" is 5, expected an array.`,
  ],
  [
    'too few elements',
    () => decode({ inputs: [{ ...x, data: [1, 2, 3] }] }),
    "Input 'x': it has 3 elements, but the shape [2, 2] has 4.",
  ],
  [
    'another nesting',
    () => decode({ inputs: [{ ...x, data: [[1, 2], 3, 4] }] }),
    "Input 'x': data is an array of 3, expected an array of 2 because of the shape [2, 2].",
  ],
  [
    'a ragged nesting',
    () => decode({ inputs: [{ ...x, data: [[1, 2], [3]] }] }),
    "Input 'x': data[1] is an array of 1, expected an array of 2",
  ],
  [
    'a nesting too deep',
    () =>
      decode({
        inputs: [
          {
            ...x,
            data: [
              [1, 2],
              [3, [4]],
            ],
          },
        ],
      }),
    "Input 'x': data[1][1] is an array, expected a number",
  ],
  [
    'a text for a number',
    () => decode({ inputs: [{ ...x, data: [1, 2, 3, 'four'] }] }),
    "Input 'x': data[3] is 'four', expected a number",
  ],
  [
    'null',
    () => decode({ inputs: [{ ...x, data: [1, 2, null, 4] }] }),
    "Input 'x': data[2] is null, expected a number",
  ],
  [
    'an integer past its dtype',
    () => decode({ inputs: [{ ...good, datatype: 'UINT8', data: [1, 2, 3, 256] }] }),
    "Input 'x': data[3] is 256, expected a whole number (uint8) from 0 to 255.",
  ],
  [
    'a float past its dtype',
    () => decode({ inputs: [{ ...good, datatype: 'FP16', data: [1, 2, 3, 65520] }] }),
    "Input 'x': data[3] is 65520, expected a number",
  ],
  ['an id that is not a string', () => decode({ id: 5, inputs: [] }), '"id" is 5, expected a string.'],
  ['an output without a name', () => decode({ inputs: [], outputs: [{}] }), '"name" of outputs[0] is missing'],
  [
    'parameters of the wrong type',
    () => decode({ inputs: [], parameters: [] }),
    '"parameters" of the request is an array',
  ],
  [
    'binary_data that is not a boolean',
    () => decode({ inputs: [], outputs: [{ name: 'y', parameters: { binary_data: 1 } }] }),
    `The parameter "binary_data" of output 'y' is 1, expected true or false.`,
  ],
  [
    'shared memory',
    () => decode({ inputs: [{ ...x, parameters: { shared_memory_region: 'r' } }] }),
    `Input 'x' has the parameter "shared_memory_region" of an unsupported extension`,
  ],
  [
    'classification',
    () => decode({ inputs: [], outputs: [{ name: 'y', parameters: { classification: 2 } }] }),
    `Output 'y' has the parameter "classification"`,
  ],
  [
    'binary without the header',
    () => decode({ inputs: [{ ...x, parameters: { binary_data_size: 16 } }] }),
    'the request has no header Inference-Header-Content-Length',
  ],
  [
    'a header past the body',
    () => decodeInferRequest(bytes({}), '3'),
    "Inference-Header-Content-Length is '3', expected the number of bytes that are JSON, at most 2.",
  ],
  [
    'a header that is not a number',
    () => decodeInferRequest(bytes({}), '0x2'),
    "Inference-Header-Content-Length is '0x2'",
  ],
  [
    'a size past the body',
    () => decodeBinary({ inputs: [{ ...x, parameters: { binary_data_size: 16 } }] }, Buffer.alloc(15)),
    `Input 'x': "binary_data_size" is 16, but the body has only 15 bytes left.`,
  ],
  [
    'a size of the wrong type',
    () => decodeBinary({ inputs: [{ ...x, parameters: { binary_data_size: -1 } }] }),
    `Input 'x': "binary_data_size" is -1, expected a number of bytes.`,
  ],
  [
    'a size that the shape does not have',
    () => decodeBinary({ inputs: [{ ...x, parameters: { binary_data_size: 12 } }] }, Buffer.alloc(12)),
    "Input 'x': it has 12 bytes, expected 16 for 4 elements of FP32.",
  ],
  [
    'bytes of no input',
    () => decodeBinary({ inputs: [{ ...x, parameters: { binary_data_size: 16 } }] }, Buffer.alloc(17)),
    'The body has 1 byte at its end that belongs to no input.',
  ],
  [
    'a shape of one element, and one byte',
    () =>
      decodeBinary(
        { inputs: [{ name: 'y', shape: [], datatype: 'FP32', parameters: { binary_data_size: 1 } }] },
        Buffer.alloc(1),
      ),
    "Input 'y': it has 1 byte, expected 4 for 1 element of FP32.",
  ],
  [
    'data twice',
    () => decodeBinary({ inputs: [{ ...good, parameters: { binary_data_size: 16 } }] }, Buffer.alloc(16)),
    `Input 'x': it has both "data" and the parameter "binary_data_size"`,
  ],
  [
    'a BOOL of 2',
    () =>
      decodeBinary(
        { inputs: [{ name: 'b', shape: [2], datatype: 'BOOL', parameters: { binary_data_size: 2 } }] },
        Buffer.of(1, 2),
      ),
    "Input 'b': element 1 is the byte 2, expected 0 or 1.",
  ],
  [
    'a text cut in its length',
    () => decodeBinary(texts([1], 3), Buffer.alloc(3)),
    "Input 't': it ends after 3 bytes, before element 0 of 1.",
  ],
  [
    'a text longer than what is left',
    () => decodeBinary(texts([1], 6), Buffer.from('\xFF\xFF\xFF\xFFab', 'latin1')),
    "Input 't': element 0 declares 4294967295 bytes, but has only 2.",
  ],
  [
    'texts too many',
    () => decodeBinary(texts([1], 8), Buffer.alloc(8)),
    "Input 't': it has 4 bytes too many for 1 element.",
  ],
  [
    'a text that is not UTF-8',
    () => decodeBinary(texts([1], 5), Buffer.of(1, 0, 0, 0, 0xff)),
    "Input 't': element 0 is not UTF-8",
  ],
];
test.each(refused)('%s is rejected with its name', (_, action, message) => {
  expect(thrown(action)).toMatchObject({ code: 'invalid-input', message: expect.stringContaining(message) });
});

describe('the answer', () => {
  const signature = { name: 'm', version: '3' } as Parameters<typeof encodeInferResponse>[0];
  const outputs: NamedTensor[] = [
    { name: 'f', dtype: 'float32', shape: [1, 2], data: Float32Array.of(0.5, Infinity) },
    { name: 'l', dtype: 'int64', shape: [1], data: BigInt64Array.of(2n ** 63n - 1n) },
    { name: 's', dtype: 'string', shape: [2], data: ['é', ''] },
    { name: 'b', dtype: 'bool', shape: [1], data: Uint8Array.of(1) },
  ];

  test('is JSON, with NaN and infinities as strings and every digit of an int64', () => {
    const { body, jsonLength } = encodeInferResponse(signature, { id: 'i', binary: () => false }, outputs);
    expect(jsonLength).toBeUndefined();
    expect(toBuffer(body).toString()).toBe(
      '{"model_name":"m","model_version":"3","id":"i","outputs":[' +
        '{"name":"f","datatype":"FP32","shape":[1,2],"data":[0.5,"Infinity"]},' +
        '{"name":"l","datatype":"INT64","shape":[1],"data":[9223372036854775807]},' +
        '{"name":"s","datatype":"BYTES","shape":[2],"data":["é",""]},' +
        '{"name":"b","datatype":"BOOL","shape":[1],"data":[true]}]}',
    );
  });

  test('has the requested outputs in binary, and can be read back', () => {
    const { body: encoded, jsonLength } = encodeInferResponse(signature, { binary: (name) => name !== 'b' }, outputs);
    const body = toBuffer(encoded);
    const json = JSON.parse(body.subarray(0, jsonLength).toString()) as { outputs: object[] };
    expect(json).not.toHaveProperty('id');
    expect(json.outputs).toMatchObject(
      [8, 8, 10].map((size) => ({ parameters: { binary_data_size: size } })).concat([{ data: [true] } as never]),
    );
    const back = Buffer.from(JSON.stringify({ inputs: json.outputs }));
    expect(decodeInferRequest(Buffer.concat([back, body.subarray(jsonLength)]), String(back.length)).inputs).toEqual(
      outputs,
    );
  });

  test.each<[string, NamedTensor['data']]>([
    ['int64', BigInt64Array.from({ length: 150_000 }, (_, index) => BigInt(index))],
    ['float32', Float32Array.from({ length: 150_000 }, (_, index) => (index % 5000 === 0 ? NaN : index / 4))],
    ['string', Array.from({ length: 150_000 }, (_, index) => (index % 5000 === 0 ? 'null' : `"${index}`))],
    ['bool', Uint8Array.from({ length: 150_000 }, (_, index) => index % 2)],
  ])('of many elements of %s is written in pieces, up to its limit', (dtype, data) => {
    const tensor = { name: 'x', dtype, shape: [data.length], data } as NamedTensor;
    const encode = (isBinary: boolean, most?: number): number =>
      toBuffer(encodeInferResponse(signature, { binary: () => isBinary }, [tensor], most).body).length;
    const body = toBuffer(encodeInferResponse(signature, { binary: () => false }, [tensor]).body).toString();
    expect(decode(body.replace('"outputs"', '"inputs"')).inputs).toEqual([tensor]);
    for (const isBinary of [false, true]) {
      const length = encode(isBinary);
      expect(encode(isBinary, length)).toBe(length);
      expect(thrown(() => encode(isBinary, length - 100))).toMatchObject({
        code: 'body-too-large',
        message: expect.stringContaining(`larger than ${length - 100} bytes (MAX_RESPONSE_BYTES)`),
      });
    }
  });
});
