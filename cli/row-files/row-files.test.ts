import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toJson } from '../json.ts';
import { openRows } from './open-rows.ts';
import type { SourceRow } from './row-source.ts';
import { parseField } from './parse-field.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rhizome-rows-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function read(text: string) {
  const file = join(folder, 'rows');
  await writeFile(file, text);
  const source = await openRows(file);
  const rows: SourceRow[] = [];
  for await (const row of source.rows) rows.push(row);
  const { format, unit, bare, columns } = source;
  return { format, unit, bare, columns, rows, share: source.share() };
}

test('CSV: a row has the number of its first line, despite empty lines and line breaks in quotes', async () => {
  const { rows, ...source } = await read('\uFEFFa,b\r\n1,2\r\n\r\n3,"x\r\ny ""z"""\r\n4\r\n5,6,7\r\n8,9" z\r\n');
  expect(source).toEqual({ format: 'csv', unit: 'line', bare: false, columns: ['a', 'b'], share: 1 });
  expect(rows).toEqual([
    { at: 2, values: { a: '1', b: '2' } },
    { at: 4, values: { a: '3', b: 'x\r\ny "z"' } },
    { at: 6, values: { a: '4', b: '' }, problem: 'has 1 field, but the header has 2' },
    { at: 7, values: { a: '5', b: '6' }, problem: 'has 3 fields, but the header has 2' },
    { at: 8, values: { a: '8', b: '9" z' } },
  ]);
});

test.each([
  ['tabs', 'a\tb;c\n1\t2'],
  ['semicolons', 'a;b;c\n1;2;3'],
])('CSV with %s', async (_, text) => {
  expect((await read(text)).rows[0]!.values).toMatchObject({ a: '1' });
});

test.each([
  [
    'an array',
    '[{"a": 1},\n {"a": 9007199254740993}, 3]',
    false,
    [
      { at: 1, values: { a: 1 } },
      { at: 2, values: { a: 9007199254740993n } },
      { at: 3, values: {}, problem: 'is 3, not an object' },
    ],
  ],
  ['a single object', '{\n "a": [1.5, "x"]\n}\n', true, [{ at: 1, values: { a: [1.5, 'x'] } }]],
  [
    'columns',
    '{"columns": {"a": [1, 2], "b": ["x", "y"]}}',
    false,
    [
      { at: 1, values: { a: 1, b: 'x' } },
      { at: 2, values: { a: 2, b: 'y' } },
    ],
  ],
  [
    'one object per line',
    '{"a": 1}\n\n{"a": 2\n{"a": 3}\n',
    true,
    [
      { at: 1, values: { a: 1 } },
      { at: 3, values: {}, problem: expect.stringMatching(/^is not valid JSON: /) },
      { at: 4, values: { a: 3 } },
    ],
  ],
])('JSON: %s', async (_, text, bare, rows) => {
  expect(await read(text)).toMatchObject({ format: 'json', bare, rows });
});

test.each([
  ['', /rows is empty/],
  ['PAR1\x15\x04', /rows is not a text file/],
  ['a,b\x00\n', /rows is not a text file/],
  ['[1, 2', /rows is not valid JSON: /],
  ['{"columns": {"a": [1, 2], "b": [1]}}', /"a" has 2 values, but "b" has 1/],
  ['a,b,a\n1,2,3', /has the column "a" twice/],
])('%j is rejected', async (text, message) => {
  await expect(read(text)).rejects.toThrow(message);
});

test('an unclosed quote is rejected, with its line', async () => {
  await expect(read('a,b\n1,"2\n3,4\n')).rejects.toThrow(/is not valid CSV: .*line 3/);
});

test.each([
  ['float32', ' 5.10 ', 5.1],
  ['float64', '-1e-3', -0.001],
  ['float32', 'NaN', 'NaN'],
  ['float32', 'inf', 'Infinity'],
  ['float32', '-Infinity', '-Infinity'],
  ['float32', '', ''],
  ['float32', '0x10', '0x10'],
  ['float64', '1e999', '1e999'],
  ['float32', 'abc', 'abc'],
  ['int64', '3', 3],
  ['int64', '9007199254740993', '9007199254740993'],
  ['int32', '3.0', 3],
  ['int32', '3.5', '3.5'],
  ['uint8', '+7', 7],
  ['bool', 'True', true],
  ['bool', '0', false],
  ['bool', 'maybe', 'maybe'],
  ['string', '3', '3'],
] as const)('a field of %s: %j becomes %j', (dtype, text, value) => {
  expect(parseField({ dtype }, text)).toBe(value);
});

test('an empty field is null if the feature may be missing', () => {
  expect(['', ' ', '1'].map((text) => parseField({ dtype: 'float32', nullable: true }, text))).toEqual([null, null, 1]);
});

test('a field of a tensor contains JSON, whose large integers keep their digits', () => {
  expect(parseField({ dtype: 'float32', shape: [2, ''] }, '[[1, 2], [3, 4]]')).toEqual([
    [1, 2],
    [3, 4],
  ]);
  expect(toJson(parseField({ dtype: 'int64', shape: [1] }, '[9007199254740993]'))).toBe('[9007199254740993]');
  expect(parseField({ dtype: 'float32', shape: [], sequence: true }, '[1, [2, 3]]')).toEqual([1, [2, 3]]);
});
