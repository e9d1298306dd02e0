import { integerRange } from '../onnx/signature/dtypes.ts';
import { toFeatures } from '../fixtures/trainers/named.fixture.ts';
import { writeJson, type RecordedTensor } from '../fixtures/trainers/trainers.fixture.ts';
import { anyJson, anyText, notJson, type BadRequest, type Chance, type Target } from './bad-input.fixture.ts';

type Dtype = RecordedTensor['dtype'];
type Fields = Record<string, unknown>;

/** A JSON value that is no element of the dtype. */
export function notOf(chance: Chance, dtype: Dtype): unknown {
  const never = [null, {}, { __proto__: 1 }, [[[1]]], 'x'.repeat(1 + chance.upTo(300))];
  if (dtype === 'string') return chance.pick([null, 5, true, {}, 2n ** 70n, 'a\0b', '\uD800']);
  if (dtype === 'bool') return chance.pick([null, 0, 1, 'true', {}, -1]);
  const range = integerRange(dtype);
  if (range === undefined) return chance.pick([...never, true, '1', 'nan', 10n ** 400n, -(10n ** 400n)]);
  const [low, high] = range;
  return chance.pick([...never, true, 0.5, high + 1n, low - 1n, 2n ** 64n, 1e300, 'NaN', String(high + 1n), '0x1', '', '1e3', ' 1']);
}

/** Requests to /predictions that have to be refused. */
export function badNamed(chance: Chance, { name, rows, batch, described, isDefault }: Target): BadRequest {
  const path = isDefault && chance.upTo(1) === 0 ? '/predictions' : `/models/${name}/predictions`;
  const run = chance.pick(rows);
  const good = toFeatures(run, described, batch !== undefined);
  const fields = Object.keys(good);
  const field = chance.pick(fields);
  const dtype = described.features.find((feature) => feature.name === field)?.dtype ?? 'string';
  const without = Object.fromEntries(Object.entries(good).filter(([key]) => key !== field));
  // Not by an object's literal: `__proto__` has to be a key.
  const withText = (key: string, json: string): string => `{${[...Object.entries(key === field ? without : good).map(([each, of]) => `${JSON.stringify(each)}:${writeJson(of)}`), `${JSON.stringify(key)}:${json}`].join(',')}}`;
  const withField = (key: string, value: unknown): string => withText(key, writeJson(value));
  const invalid = (what: string, body: string, names = field): BadRequest => ({ what, path, body, status: 422, names: `#/${names}` });
  /** The bad row alone, or among good ones; its pointer then has the row's place. */
  const placed = (what: string, row: string, names = field): BadRequest => {
    const before = chance.upTo(3);
    return before === 0 ? invalid(what, row, names) : invalid(what, `[${[...new Array<string>(before - 1).fill(writeJson(good)), row].join(',')}]`, `${before - 1}/${names}`);
  };
  const columns = Object.fromEntries(fields.map((key) => [key, [good[key], good[key]]]));
  const table = (what: string, of: Fields, names: string): BadRequest => invalid(what, writeJson({ columns: of }), names === '' ? 'columns' : `columns/${names}`);
  const nested = Array.isArray(good[field]);

  return chance.pick<() => BadRequest>([
    () => placed('missing field', writeJson(without)),
    () => placed('missing field, by __proto__ given', `{"__proto__":${writeJson(good)}}`),
    () => placed('wrong value', withField(field, nested ? bend(chance, good[field], dtype) : notOf(chance, dtype))),
    () => placed('number past every float', withText(field, chance.pick(['1e999', '-1e999', '1e400', `9${'0'.repeat(400)}`]))),
    () => placed('unknown field', withField(chance.pick(['__proto__', 'constructor', 'toString', 'hasOwnProperty', `${field}_`]), chance.of(anyJson)), ''),
    () => {
      const text = chance.of(anyText);
      return placed('unknown field of any name', withField(fields.includes(text) ? '' : text, 1), '');
    },
    () => placed('huge text', withField(chance.pick([field, 'huge']), dtype === 'string' ? ['x'.repeat(50_000)] : 'x'.repeat(50_000)), ''),
    () => ({ ...invalid('not an object', writeJson(chance.pick([null, 5, 'x', true, [], [[]], [null], [5], [[good]]]))), names: '#' }),
    () => table('missing column', Object.fromEntries(Object.entries(columns).filter(([key]) => key !== field)), field),
    () => table('wrong value in a column', { ...columns, [field]: [good[field], nested ? bend(chance, good[field], dtype) : notOf(chance, dtype)] }, `${field}/1`),
    () => (fields.length > 1 ? table('columns of different lengths', { ...columns, [field]: [good[field]] }, '') : table('empty columns', { [field]: [] }, '')),
    () => table('a column that is none', { ...columns, [field]: chance.pick([null, 5, 'x', {}]) }, field),
    () => invalid('columns that are none', writeJson({ columns: chance.pick([null, 5, 'x', [], [columns]]) }), 'columns'),
    () => ({ ...notJson(chance, Buffer.from(writeJson(good))), path, status: 400 }),
    () => ({ what: 'another media type', path, body: writeJson(good), headers: { 'Content-Type': chance.pick(['text/plain', 'application/xml', '']) }, status: 415 }),
    () => ({ what: 'unknown model', path: `/models/${chance.pick(['none', '__proto__', 'constructor', '..%2Firis', '%00', `${name}x`])}/predictions`, body: writeJson(good), status: 404 }),
    () => ({ what: 'unknown version', path: `/models/${name}/versions/${chance.pick(['2', '0', '-1', '1.0', 'latest', '__proto__'])}/predictions`, body: writeJson(good), status: 404, names: name }),
    () => ({ what: 'another method', path, method: chance.pick(['GET', 'PUT', 'DELETE', 'PATCH']), body: '', status: 405 }),
  ])();
}

/** Nested arrays with one thing wrong: their depth, a length, or an element. */
function bend(chance: Chance, value: unknown, dtype: Dtype): unknown {
  if (!Array.isArray(value)) return chance.pick([[value], notOf(chance, dtype)]);
  const list = value as readonly unknown[];
  const at = chance.upTo(list.length - 1);
  if (Array.isArray(list[at]) && chance.upTo(2) > 0) return list.with(at, bend(chance, list[at], dtype));
  return chance.pick<() => unknown>([() => 5.5, () => null, () => ({}), () => [list], () => 'x', () => list.with(at, [[list]])])();
}
