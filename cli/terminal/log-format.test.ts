import { jsonLogFor, plainLog, readableLog } from './log-format.ts';
import { createStyle } from './style.ts';

const colourless = readableLog((_, text) => text);
const coloured = readableLog(createStyle({ isTTY: true, write: () => undefined }, {}));
const at = '2026-11-28T18:57:20.437Z';
const clock = new Date(at).toTimeString().slice(0, 8);
const entry = (fields: object): string => JSON.stringify({ level: 'info', time: at, ...fields });

test('a request: time, replica, method, path, status and milliseconds', () => {
  const line = entry({
    request_id: '13766227',
    method: 'POST',
    path: '/predictions',
    status: 200,
    duration_ms: 9.673,
    model: 'iris',
    msg: 'request',
  });
  expect(colourless('iris-server-a', line)).toBe(`${clock} iris-server-a POST /predictions 200 9.7 ms`);
});

test.each([
  [200, '\u001b[32m200'],
  [422, '\u001b[33m422'],
  [503, '\u001b[31m503'],
  ['OK', '\u001b[32mOK'],
  ['INTERNAL', '\u001b[31mINTERNAL'],
])('the colour of status %s', (status, expected) => {
  const line = entry({ method: 'POST', path: '/predictions', status, duration_ms: 120.4, msg: 'request' });
  expect(coloured('a', line)).toContain(expected);
  expect(coloured('a', line)).toContain(' 120 ms');
});

test('another entry: its message, then its fields', () => {
  const line = entry({ model: 'iris', load_seconds: 0.03604759200000016, reason: 'two words', msg: 'model loaded' });
  expect(colourless('a', line)).toBe(`${clock} a model loaded model=iris load_seconds=0.03605 reason="two words"`);
});

test('a warning or an error says so; an error has its stack on lines of its own', () => {
  const line = entry({
    level: 'error',
    path: '/predictions',
    err: { type: 'Error', message: 'broken', stack: 'Error: broken\n    at serve.ts:1' },
    msg: 'internal error',
  });
  expect(colourless('a', line)).toBe(
    `${clock} a error: internal error path=/predictions\n  Error: broken\n  at serve.ts:1`,
  );
  expect(coloured('a', line)).toContain('\u001b[31merror: internal error');
});

test.each(['(node:7) Warning: something', '{"not":"an entry"}', '{broken', ''])(
  'what the service did not log is shown as it is: %j',
  (line) => {
    expect(colourless('a', line)).toBe(`         a ${line}`);
  },
);

describe('what a client sent cannot reach the terminal as a control character', () => {
  const hostile = ['\u001b]52;c;AAAA\u0007', 'a\n12:00:00 forged', '\u009b2J', '\u007f', '\u2028', '\u202e'];
  const obeyed = /[\p{Cc}\u2028\u2029\u202e]/u;

  test.each(hostile)('%j in a request', (text) => {
    const line = colourless('a', entry({ method: text, path: `/${text}`, status: text, msg: 'request' }));
    expect(line).toContain('\\u');
    expect(line).not.toMatch(obeyed);
  });

  test.each(hostile)('%j in a message, and in names and values of fields', (text) => {
    const line = colourless('a', entry({ level: text, msg: text, [text]: text, list: [text] }));
    expect(line).not.toMatch(obeyed);
  });

  test.each(hostile)('%j in the stack of an error, where only a line break begins a new line', (text) => {
    const err = { stack: `Error: ${text}\r\n    at serve.ts:1` };
    const lines = colourless('a', entry({ level: 'error', msg: 'internal error', err })).split('\n');
    for (const line of lines) expect(line).not.toMatch(obeyed);
    // Every line of a stack is indented, so that none looks like an entry.
    for (const line of lines.slice(1)) expect(line).toMatch(/^ {2}/);
  });

  test.each(hostile)('%j in a line that is not an entry', (text) => {
    expect(colourless('a', `(node:7) ${text}`)).not.toMatch(obeyed);
  });

  test('the path of GET /%1b]52;c;AAAA%07', () => {
    const path = decodeURIComponent('/%1b]52;c;AAAA%07');
    expect(colourless('a', entry({ method: 'GET', path, status: 404, duration_ms: 1, msg: 'request' }))).toBe(
      String.raw`${clock} a GET /\u001b]52;c;AAAA\u0007 404 1.0 ms`,
    );
  });

  test('JSON on a terminal keeps its value; elsewhere it is as it was written', () => {
    const line = entry({ path: '/\u009b2J\u007f', msg: 'request' });
    const escaped = jsonLogFor({ isTTY: true, write: () => undefined })('a', line);
    expect(escaped).not.toMatch(obeyed);
    expect(JSON.parse(escaped.slice('a | '.length))).toEqual(JSON.parse(line));
    expect(jsonLogFor({ write: () => undefined })('a', line)).toBe(`a | ${line}`);
  });
});

test('replicas differ in colour, and each keeps its own', () => {
  const colours = ['a', 'b', 'a'].map((replica) => coloured(replica, 'x').split(replica)[0]);
  expect(colours[0]).not.toBe(colours[1]);
  expect(colours[2]).toBe(colours[0]);
});

test('for programs: the line behind the name', () => {
  expect(plainLog('a', '{"msg":"ready"}')).toBe('a | {"msg":"ready"}');
});
