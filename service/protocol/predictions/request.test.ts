import type { DType } from '../../../onnx/engine/engine.ts';
import type { Prediction } from '../../../onnx/batch/decode-predictions.ts';
import type { Feature, Signature } from '../../../onnx/signature/signature.ts';
import type { Issue } from '../../contract/index.ts';
import { ServiceError } from '../../errors.ts';
import { decodeFeatures } from './request.ts';
import { writePredictions } from './response.ts';

function signature(...dtypes: DType[]): Signature {
  const features = dtypes.map((dtype, column) => ({ name: `f${column}`, dtype, input: 'X', column, shape: [] }));
  return {
    name: 'm',
    version: '2',
    inputs: [],
    outputs: [],
    batching: 'batched',
    features,
    output: { task: 'regressor', value: 'y' },
    metrics: {},
    examples: [],
  };
}

function issues(dtypes: DType[], body: unknown, strict = false): readonly Issue[] {
  try {
    decodeFeatures(signature(...dtypes), body, strict);
  } catch (error) {
    if (error instanceof ServiceError) return error.issues;
    throw error;
  }
  return [];
}

test('one object is one row, an array is a batch, in the order of the features', () => {
  const two = signature('float32', 'string');
  expect(decodeFeatures(two, { f1: 'x', f0: 1.5 }, false)).toMatchObject({
    rows: [[1.5, 'x']],
    single: true,
    warnings: new Map(),
  });
  expect(
    decodeFeatures(
      two,
      [
        { f0: 1, f1: 'a' },
        { f0: 2, f1: 'b' },
      ],
      false,
    ).rows,
  ).toEqual([
    [1, 'a'],
    [2, 'b'],
  ]);
});

test.each<[DType, unknown[], unknown[]]>([
  [
    'float32',
    [0, -0, 1e-45, 3.4e38, 'NaN', '-Infinity'],
    [3.5e38, Infinity, 10n ** 39n, '1', 'nan', null, true, [1], {}],
  ],
  ['float64', [1e308], [-Infinity]],
  ['float16', [65504], [65505]],
  ['int8', [-128, 127], [128, 1.5]],
  ['uint8', [0, 255], [-1, 256]],
  ['int8', ['-128'], ['128', '1.0', '', ' 1', '-']],
  ['int64', [2 ** 53 - 1, 2n ** 63n - 1n, '-9223372036854775808'], [2n ** 63n, 0.5, '9223372036854775808', 'NaN']],
  ['uint64', [2n ** 64n - 1n], [-1, 2n ** 64n]],
  ['bool', [true, false], [1, 'true']],
  ['string', ['', 'ü'], [1, null]],
])('%s accepts valid values and rejects others', (dtype, good, bad) => {
  for (const value of good) expect(issues([dtype], { f0: value })).toEqual([]);
  for (const value of bad)
    expect(issues([dtype], { f0: value })).toEqual([expect.objectContaining({ pointer: '#/f0' })]);
});

test('every invalid field of every row is listed', () => {
  expect(issues(['float32', 'float32'], [{ f0: 'a', f2: 1 }, 7, { f0: null, f1: 1 }])).toEqual([
    { pointer: '#/0/f0', detail: 'Got a string.', value: 'a', expected: 'a number (float32)' },
    { pointer: '#/0/f1', detail: 'The field is missing.', expected: 'a number (float32)' },
    { pointer: '#/0/f2', detail: "Unknown field. Did you mean 'f1'?", value: 1, expected: 'f0, f1' },
    { pointer: '#/1', detail: 'Got a number.', value: 7, expected: 'an object with f0, f1' },
    {
      pointer: '#/2/f0',
      detail: expect.stringMatching(/^Got null\. For a missing value/),
      value: null,
      expected: 'a number (float32)',
    },
  ]);
});

test.each<[string, unknown, Issue]>([
  [
    'an array of a wrong length',
    [[1, 2], [1]],
    {
      pointer: '#/f0/1',
      detail: 'The array has the wrong length.',
      value: 'an array of 1',
      expected: 'an array of 2, since the value is float32[n, n]',
    },
  ],
  [
    'a number in place of an array',
    [[1], 2],
    {
      pointer: '#/f0/1',
      detail: 'Got a number.',
      value: 2,
      expected: 'an array of 1, since the value is float32[n, n]',
    },
  ],
  [
    'a string in place of an array',
    'long',
    {
      pointer: '#/f0',
      detail: 'Got a string.',
      value: 'long',
      expected: 'an array of 0, since the value is float32[n, n]',
    },
  ],
  [
    'an array in place of a number',
    [[[1]]],
    { pointer: '#/f0/0/0', detail: 'Got an array.', value: '[…]', expected: 'a number (float32)' },
  ],
])('in nested arrays: %s', (_, value, issue) => {
  const {
    features: [feature],
    ...others
  } = signature('float32');
  const matrix = { ...others, features: [{ ...feature!, shape: ['n', 'n'] }] };
  expect(() => decodeFeatures(matrix, { f0: value }, false)).toThrow(expect.objectContaining({ issues: [issue] }));
});

test.each([[[]], [null], ['text'], [3]])('%p is not an input', (body) => {
  expect(issues(['float32'], body)).toHaveLength(1);
});

test("names of JavaScript's own properties are unknown fields like any other", () => {
  expect(
    issues(['float32'], JSON.parse('{"f0": 1, "__proto__": 1, "constructor": 2}')).map(({ pointer }) => pointer),
  ).toEqual(['#/__proto__', '#/constructor']);
});

test('a pointer is escaped as RFC 6901 requires', () => {
  expect(issues([], { 'a/b~c d': 1 })[0]?.pointer).toBe('#/a~1b~0c%20d');
});

test('a lone surrogate is an unknown field like any other', () => {
  const emoji = `${'x'.repeat(99)}😀`;
  for (const name of ['\ud800', emoji]) expect(issues(['float32'], { f0: 1, [name]: 1 })).toHaveLength(1);
  expect(JSON.stringify(issues(['float32'], { f0: emoji }))).not.toContain('\\ud83d');
});

test('only the first issues are listed, and the rest of the body is not read', () => {
  const body = (length: number): unknown[] => Array.from({ length }, () => 1);
  expect(issues(['float32'], body(5000))).toHaveLength(100);
  const message = (rows: unknown): string => {
    try {
      decodeFeatures(signature('float32', 'float32'), rows, false);
    } catch (error) {
      return (error as Error).message;
    }
    return 'it is valid';
  };
  expect(message(body(1))).toBe('1 field is invalid.');
  expect(message(body(100))).toBe('100 fields are invalid.');
  expect(message(body(5000))).toBe(
    'More than 100 fields are invalid. Only the first 100 are listed, and 4899 rows were not read.',
  );
  expect(message({ columns: { f0: new Array(200).fill('x'), f1: new Array(200).fill(1) } })).toBe(
    'More than 100 fields are invalid. Only the first 100 are listed.',
  );
  expect(JSON.stringify(issues(['float32'], { f0: 'x'.repeat(100_000) })).length).toBeLessThan(1000);
});

test('the issues of a large body against a wide model take little time and memory', () => {
  const width = 256;
  const wide = signature(...new Array<DType>(width).fill('float32'));
  let reads = 0;
  const looked = (): undefined => {
    reads++;
    return undefined;
  };
  const row = new Proxy({}, { getOwnPropertyDescriptor: looked });
  const body = new Array<unknown>(350_000).fill(row);
  const decode = (): unknown => decodeFeatures(wide, body, false);
  expect(decode).toThrow('More than 100 fields are invalid. Only the first 100 are listed, and 349999 rows were not');
  expect(reads).toBeLessThanOrEqual(width);
  const unknown = { f0: 1, ...Object.fromEntries(Array.from({ length: 2000 }, (_, index) => [`x${index}`, 1])) };
  for (const invalid of [body, [unknown], unknown, { columns: unknown }, { columns: {}, ...unknown }]) {
    const { issues } = thrown(() => decodeFeatures(wide, invalid, false));
    expect(issues.length).toBe(100);
    expect(JSON.stringify(issues).length).toBeLessThan(40_000);
  }
});

function thrown(action: () => unknown): ServiceError {
  try {
    action();
  } catch (error) {
    if (error instanceof ServiceError) return error;
  }
  throw new Error('no ServiceError was thrown');
}

test('64-bit integers, NaN and infinities are written exactly', () => {
  const decoded = decodeFeatures(signature(), {}, false);
  const text = (prediction: Prediction) => writePredictions(signature(), [prediction], decoded);
  expect(text({ prediction: -Infinity })).toBe('{"prediction":"-Infinity","model":{"name":"m","version":"2"}}');
  expect(text({ prediction: 'a', probabilities: { a: NaN, b: 0.5 } })).toContain('"probabilities":{"a":"NaN","b":0.5}');
  expect(text({ outputs: { ids: [[9007199254740993n, -1n]] } })).toContain('"outputs":{"ids":[[9007199254740993,-1]]}');
});

describe('nested arrays', () => {
  const image: Signature = {
    ...signature(),
    features: [{ name: 'image', dtype: 'uint8', input: 'image', shape: [2, 'width'], range: [0, 200] }],
  };
  const found = (value: unknown, strict = false) => {
    try {
      return decodeFeatures(image, [{ image: value }], strict).rows;
    } catch (error) {
      return (error as ServiceError).issues;
    }
  };

  test('are read in order', () => {
    expect(
      found([
        [1, 2, 3],
        [4, 5, 6],
      ]),
    ).toEqual([[{ shape: [2, 3], data: [1, 2, 3, 4, 5, 6] }]]);
  });

  test.each<[unknown, string]>([
    [
      [
        [1, 2],
        [3, 256],
      ],
      '#/0/image/1/1',
    ],
    [[[1, 2], [3]], '#/0/image/1'],
    [[[1, 2]], '#/0/image'],
    [
      [
        [1, [2]],
        [3, 4],
      ],
      '#/0/image/0/1',
    ],
    [7, '#/0/image'],
    ['text', '#/0/image'],
    [{ '0': 1 }, '#/0/image'],
  ])('%j has its bad place named', (value, pointer) => {
    expect(found(value)).toEqual([
      expect.objectContaining({ pointer, detail: expect.any(String), expected: expect.any(String) }),
    ]);
  });

  test('an element outside the range is named', () => {
    expect(
      found(
        [
          [1, 2],
          [201, 250],
        ],
        true,
      ),
    ).toEqual([
      expect.objectContaining({
        pointer: '#/0/image/1/0',
        value: 201,
        detail: 'The value is outside the valid range.',
      }),
    ]);
  });
});

describe('a value outside its range', () => {
  const ranged: Signature = {
    ...signature(),
    features: [{ name: 'f0', dtype: 'float32', input: 'X', column: 0, shape: [], range: [0, 1], unit: 'cm' }],
  };
  const issue = {
    pointer: '#/1/f0',
    detail: 'The value is outside the valid range.',
    value: 2,
    expected: 'a number (float32) from 0 to 1 in cm',
  };

  test('is served with a warning on its row', () => {
    const decoded = decodeFeatures(ranged, [{ f0: 1 }, { f0: 2 }], false);
    expect(JSON.parse(writePredictions(ranged, [{ prediction: 10 }, { prediction: 20 }], decoded))).toEqual([
      { prediction: 10, model: { name: 'm', version: '2' } },
      { prediction: 20, model: { name: 'm', version: '2' }, warnings: [issue] },
    ]);
  });

  test('is a text that is not one of the choices: a warning too, and an issue in strict mode', () => {
    const feature: Feature = {
      ...{ name: 'city', dtype: 'string', input: 'city', shape: [] },
      choices: ['Bern', ...Array.from({ length: 21 }, (_, index) => String(index))],
    };
    const known: Signature = { ...signature(), features: [feature] };
    const unknown = {
      pointer: '#/1/city',
      detail: 'The value is not one that the model knows.',
      value: 'Chur',
      expected: expect.stringMatching(/^one of "Bern", "0", .*, "18" or 2 more$/),
    };
    const rows = [{ city: 'Bern' }, { city: 'Chur' }, { city: '20' }];
    const decoded = decodeFeatures(known, rows, false);
    expect(decoded.rows).toEqual([['Bern'], ['Chur'], ['20']]);
    expect([...decoded.warnings]).toEqual([[1, [unknown]]]);
    expect(() => decodeFeatures(known, rows, true)).toThrow(expect.objectContaining({ issues: [unknown] }));
    const tensor: Signature = { ...known, features: [{ ...feature, shape: [''] }] };
    expect([...decodeFeatures(tensor, { city: ['Bern', 'Chur'] }, false).warnings.values()]).toEqual([
      [expect.objectContaining({ pointer: '#/city/1', value: 'Chur' })],
    ]);
  });

  test('is listed for the first rows, and then summed', () => {
    const two = { ...ranged, features: ['f0', 'f1'].map((name) => ({ ...ranged.features[0]!, name })) };
    const listed = (body: unknown): Issue[] => [...decodeFeatures(two, body, false).warnings.values()].flat();
    const rows = (count: number): unknown => ({
      columns: { f0: [1, ...new Array<number>(count).fill(2), 1], f1: new Array<number>(count + 2).fill(2) },
    });
    // Of the first feature all, and of the second ten.
    const all = listed(rows(4000));
    expect(all).toHaveLength(4000 + 10 + 1);
    expect(all.filter(({ detail }) => detail !== issue.detail)).toEqual([
      {
        ...issue,
        pointer: '#/columns/f1/10',
        detail: 'The value is outside the valid range, like those of 3991 more rows, the last of which is row 4001.',
      },
    ]);
    const many = listed(rows(50_000));
    expect(many).toHaveLength(4000 + 1 + 10 + 1);
    expect(
      many.filter(({ detail }) => detail !== issue.detail).map(({ pointer, detail }) => [pointer, detail]),
    ).toEqual([
      ['#/columns/f1/10', expect.stringContaining('49991 more rows, the last of which is row 50001.')],
      ['#/columns/f0/4001', expect.stringContaining('45999 more rows, the last of which is row 50000.')],
    ]);
    expect(listed(rows(4001)).at(-1)).toEqual({ ...issue, pointer: '#/columns/f0/4001' });
  });

  test('is rejected in strict mode', () => {
    expect(() => decodeFeatures(ranged, [{ f0: 1 }, { f0: 2 }], true)).toThrow(
      expect.objectContaining({ issues: [issue] }),
    );
  });
});
