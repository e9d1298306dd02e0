import fc from 'fast-check';
import { exactIntegers } from '../../onnx/exact-json.ts';
import { ServiceError } from '../errors.ts';
import { parseJson, stringifyElements, stringifyJson } from './json.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

test('parses JSON', () => {
  expect(parseJson(bytes('{"a": [1, null]}'))).toEqual({ a: [1, null] });
});

test.each([
  ['{"a": NaN}', 'line 1, column 7: invalid symbol at "NaN}"'],
  ['{\n  "a": 1,\n}', 'line 3, column 1'],
  ['{"a": 1} x', 'line 1, column 10'],
  ['{"a": 1', 'line 1, column 8'],
  ['{"a": 1 /* one */}', 'line 1, column 9'],
  ["{'a': 1}", 'line 1, column 2'],
  ['', 'it is empty'],
  ['['.repeat(100_000), 'nested too deeply'],
])('names the position of the error in %.20p', (text, place) => {
  expect(() => parseJson(bytes(text))).toThrow(ServiceError);
  expect(() => parseJson(bytes(text))).toThrow(place);
});

test('stops at the first error, although a text may have one in every second character', () => {
  for (const piece of ['/*', '"\\u', '\\', '// \n'])
    expect(() => parseJson(bytes(`\n ${piece.repeat(1000)}`))).toThrow('line 2, column 2: ');
  const large = bytes('/*'.repeat(2 ** 23));
  const before = process.cpuUsage();
  expect(() => parseJson(large)).toThrow('line 1, column 1: ');
  // It takes a fifth of that, and with all errors almost twice as much.
  expect(process.cpuUsage(before).user).toBeLessThan(500_000);
});

test('rejects bytes that are not UTF-8', () => {
  expect(() => parseJson(Uint8Array.of(0x22, 0xff, 0x22))).toThrow('not UTF-8');
});

test.each<[string, unknown]>([
  ['9007199254740991', 9007199254740991],
  ['9007199254740993', 9007199254740993n],
  ['-9223372036854775808', -9223372036854775808n],
  ['18446744073709551615', 18446744073709551615n],
  ['100000000000000000000000', 1e23],
  ['0.12345678901234567', 0.12345678901234567],
  ['12345678901234567.5', 12345678901234567.5],
  ['1e400', Infinity],
  ['-0', -0],
])('the number %s is exact', (text, value) => {
  expect(parseJson(bytes(`{"a": [${text}], "b": "1234567890123456789"}`))).toEqual({
    a: [value],
    b: '1234567890123456789',
  });
});

test('large integers stay unchanged, also next to __proto__', () => {
  const text =
    '{"__proto__":1,"constructor":[-9223372036854775808,18446744073709551615,0.1,"9007199254740993",null,true]}';
  expect(stringifyJson(parseJson(bytes(text)))).toBe(text);
});

test('brackets in strings are not levels, and the deepest allowed nesting can be parsed exactly', () => {
  expect(parseJson(bytes(JSON.stringify('["\\'.repeat(1000))))).toBe('["\\'.repeat(1000));
  expect(stringifyJson(parseJson(bytes(`${'['.repeat(100)}9007199254740993${']'.repeat(100)}`)))).toContain(
    '[9007199254740993]',
  );
  expect(() => parseJson(bytes(`${'{"a":['.repeat(51)}${']}'.repeat(51)}`))).toThrow('at most 100 levels');
});

test('NaN and infinities are written as strings', () => {
  expect(stringifyJson({ a: [NaN, Infinity], b: -Infinity, c: null, d: 'null', e: 0.5, f: -1n })).toBe(
    '{"a":["NaN","Infinity"],"b":"-Infinity","c":null,"d":"null","e":0.5,"f":-1}',
  );
});

test('the sign of a zero is written, in a form that no parser reads as an integer', () => {
  expect(stringifyJson({ a: [-0, 0, [-0]], b: -0, c: { d: -0 } })).toBe(
    '{"a":[-0.0,0,[-0.0]],"b":-0.0,"c":{"d":-0.0}}',
  );
  expect(stringifyElements([0, -0, NaN, 0.5])).toBe('[0,-0.0,"NaN",0.5]');
  expect(stringifyElements([0, 1, 2])).toBe('[0,1,2]');
});

/** Parses every integer exactly, and counts the levels byte by byte. */
function parseSlowly(text: string): unknown {
  let [level, isString, most] = [0, false, 0];
  for (let index = 0; index < text.length; index++) {
    const char = text.charAt(index);
    if (isString && char === '\\') index++;
    else if (char === '"') isString = !isString;
    else if (!isString && '[{'.includes(char)) most = Math.max(most, ++level);
    else if (!isString && ']}'.includes(char)) level--;
  }
  if (most > 100) return 'error';
  try {
    return JSON.parse(text, exactIntegers(20));
  } catch {
    return 'error';
  }
}

const piece = fc.oneof(
  fc.constantFrom('[', ']', '{', '}', ':', ',', '"', ' ', '\n', '\\', '.', '-'),
  fc.constantFrom(
    '"a":',
    '"\\""',
    '"[\\\\"',
    'null',
    '1e5',
    '-0',
    '0.12345678901234567',
    '1e400',
    '1e1234567890123456',
  ),
  fc.constantFrom('"1234567890123456789"', '"\u{1f33a}"', '"\ufeff"', '\ufeff', '[', '['.repeat(60), ']'.repeat(60)),
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }).map(String),
  fc.double().map(String),
);
const number = fc.oneof(
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }).map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.constantFrom('9007199254740993', '1234567890123456.5', '0.1234567890123456789', '1e17'),
);
const { value } = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    number,
    fc.string().map((text) => JSON.stringify(text)),
    fc.array(tie('value')).map((items) => `[${items.join(', ')}]`),
    fc.array(tie('value')).map((items) => `{${items.map((item, index) => `"k${index % 3}":${item}`).join()}}`),
  ),
}));

test.each<[string, fc.Arbitrary<string>]>([
  ['valid JSON', fc.tuple(value, fc.nat(40)).map(([text, spaces]) => `${' '.repeat(spaces)}${text}`)],
  ['pieces of JSON', fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(''))],
  [
    'deep JSON',
    fc
      .tuple(fc.integer({ min: 95, max: 105 }), value)
      .map(([depth, of]) => `${'['.repeat(depth)}${of}${']'.repeat(depth)}`),
  ],
])('%s is parsed with exact integers up to 100 levels', (_, texts) => {
  fc.assert(
    fc.property(texts, (text) => {
      let parsed: unknown;
      try {
        parsed = parseJson(bytes(text));
      } catch (error) {
        expect(error).toBeInstanceOf(ServiceError);
        parsed = 'error';
      }
      expect(parsed).toEqual(parseSlowly(new TextDecoder().decode(bytes(text))));
    }),
    { numRuns: 1000 },
  );
});

test('exactly the bytes that are not UTF-8 are rejected as such', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 12 }), (middle) => {
      const body = Buffer.concat([Buffer.from(']'), middle]);
      const parse = (): unknown => parseJson(body);
      // Nothing that starts with ] is valid.
      if (Buffer.from(body.toString('utf8')).equals(body)) expect(parse).toThrow('not valid JSON');
      else expect(parse).toThrow('not UTF-8');
    }),
    { numRuns: 1000 },
  );
});
