import { plainLog, readableLog } from './log-format.ts';
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

test('replicas differ in colour, and each keeps its own', () => {
  const colours = ['a', 'b', 'a'].map((replica) => coloured(replica, 'x').split(replica)[0]);
  expect(colours[0]).not.toBe(colours[1]);
  expect(colours[2]).toBe(colours[0]);
});

test('for programs: the line behind the name', () => {
  expect(plainLog('a', '{"msg":"ready"}')).toBe('a | {"msg":"ready"}');
});
