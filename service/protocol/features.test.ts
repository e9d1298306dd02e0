import type { DType } from '../../onnx/engine/engine.ts';
import type { Signature } from '../../onnx/signature.ts';
import type { Issue } from '../contract/index.ts';
import { ServiceError } from '../errors.ts';
import { decodeFeatures, encodePredictions } from './features.ts';

function signature(...dtypes: DType[]): Signature {
  const features = dtypes.map((dtype, column) => ({ name: `f${column}`, dtype, input: 'X', column, shape: [] }));
  return {
    name: 'm', version: '2', inputs: [], outputs: [], batching: 'together', features, output: { task: 'regressor', value: 'y' }, metrics: {}, examples: [],
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
  expect(decodeFeatures(two, { f1: 'x', f0: 1.5 }, false)).toEqual({ rows: [[1.5, 'x']], single: true, warnings: new Map() });
  expect(decodeFeatures(two, [{ f0: 1, f1: 'a' }, { f0: 2, f1: 'b' }], false).rows).toEqual([[1, 'a'], [2, 'b']]);
});

test.each<[DType, unknown[], unknown[]]>([
  ['float32', [0, -0, 1e-45, 3.4e38], [3.5e38, Infinity, '1', null, true, [1], {}]],
  ['float64', [1e308], [-Infinity]],
  ['float16', [65504], [65505]],
  ['int8', [-128, 127], [128, 1.5]],
  ['uint8', [0, 255], [-1, 256]],
  ['int64', [2 ** 53, -(2 ** 63), '9007199254740993', 2n ** 63n - 1n], [0.5, 2 ** 63, '1.5', 2n ** 63n]],
  ['bool', [true, false], [1, 'true']],
  ['string', ['', 'ü'], [1, null]],
])('%s takes what fits and refuses the rest', (dtype, good, bad) => {
  for (const value of good) expect(issues([dtype], { f0: value })).toEqual([]);
  for (const value of bad) expect(issues([dtype], { f0: value })).toEqual([expect.objectContaining({ pointer: '#/f0' })]);
});

test('every bad field of every row is listed', () => {
  expect(issues(['float32', 'float32'], [{ f0: 'a', f2: 1 }, 7, { f0: null, f1: 1 }])).toEqual([
    { pointer: '#/0/f0', detail: 'Expected a number, got a string.', value: 'a', expected: 'a number (float32)' },
    { pointer: '#/0/f1', detail: 'The field is missing.', expected: 'a number (float32)' },
    { pointer: '#/0/f2', detail: 'Unknown field.', value: 1, expected: 'f0, f1' },
    { pointer: '#/1', detail: 'Not an object.', value: 7, expected: 'an object with f0, f1' },
    { pointer: '#/2/f0', detail: 'Expected a number, got null.', value: null, expected: 'a number (float32)' },
  ]);
});

test.each([[[]], [null], ['text'], [3]])('%p is no input', (body) => {
  expect(issues(['float32'], body)).toHaveLength(1);
});

test('names that JavaScript knows are unknown fields like others', () => {
  expect(issues(['float32'], JSON.parse('{"f0": 1, "__proto__": 1, "constructor": 2}')).map(({ pointer }) => pointer))
    .toEqual(['#/__proto__', '#/constructor']);
});

test('a pointer is escaped as RFC 6901 asks', () => {
  expect(issues([], { 'a/b~c d': 1 })[0]?.pointer).toBe('#/a~1b~0c%20d');
});

test('half a surrogate pair is an unknown field like others', () => {
  const emoji = `${'x'.repeat(99)}😀`;
  for (const name of ['\ud800', emoji]) expect(issues(['float32'], { f0: 1, [name]: 1 })).toHaveLength(1);
  expect(JSON.stringify(issues(['float32'], { f0: emoji }))).not.toContain('\\ud83d');
});

test('a flood of problems is counted, and only the first are listed', () => {
  const body = Array.from({ length: 5000 }, () => 1);
  expect(issues(['float32'], body)).toHaveLength(100);
  expect(() => decodeFeatures(signature('float32'), body, false)).toThrow('5000 fields are wrong. The first 100 are listed.');
  expect(JSON.stringify(issues(['float32'], { f0: 'x'.repeat(100_000) })).length).toBeLessThan(1000);
});

test('numbers that JSON lacks travel as their names', () => {
  const decoded = { rows: [], single: true, warnings: new Map() };
  expect(encodePredictions(signature(), [{ prediction: -Infinity }], decoded)).toMatchObject({ prediction: '-Infinity' });
  expect(encodePredictions(signature(), [{ prediction: 'a', probabilities: { a: NaN, b: 0.5 } }], decoded))
    .toMatchObject({ prediction: 'a', probabilities: { a: 'NaN', b: 0.5 } });
});

describe('a value outside its range', () => {
  const ranged: Signature = { ...signature(), features: [{ name: 'f0', dtype: 'float32', input: 'X', column: 0, shape: [], range: [0, 1], unit: 'cm' }] };
  const issue = { pointer: '#/1/f0', detail: 'Outside the valid range.', value: 2, expected: 'a number (float32) from 0 to 1 in cm' };

  test('is served with a warning on its row', () => {
    const decoded = decodeFeatures(ranged, [{ f0: 1 }, { f0: 2 }], false);
    expect(encodePredictions(ranged, [{ prediction: 10 }, { prediction: 20 }], decoded)).toEqual([
      { prediction: 10, model: { name: 'm', version: '2' } },
      { prediction: 20, model: { name: 'm', version: '2' }, warnings: [issue] },
    ]);
  });

  test('is refused in strict mode', () => {
    expect(() => decodeFeatures(ranged, [{ f0: 1 }, { f0: 2 }], true)).toThrow(expect.objectContaining({ issues: [issue] }));
  });
});
