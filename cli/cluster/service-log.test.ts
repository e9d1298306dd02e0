import { parseServiceLog } from './service-log.ts';

const line = (level: string, msg: string, more: object = {}): string => JSON.stringify({ level, msg, ...more });
const checks = (final?: true) => [
  { name: 'model/iris', ok: false, detail: 'it cannot be read', ...(final && { final }) },
];

test('the lines that complain are picked from among those of probes', () => {
  const failed = line('error', 'model failed', { model: 'iris' });
  const lines = [
    line('info', 'listening'),
    failed,
    ...Array.from({ length: 30 }, () => line('debug', 'request')),
    'Error: a stack',
    '    at main',
  ];
  expect(parseServiceLog(lines).lines).toEqual([failed, 'Error: a stack', '    at main']);
  expect(parseServiceLog([line('info', 'listening')]).lines).toEqual([line('info', 'listening')]);
  expect(parseServiceLog([])).toEqual({ lines: [] });
});

test('a check that will not pass before a restart is final, unless the service got ready after it', () => {
  expect(parseServiceLog([line('error', 'not ready', { checks: checks(true) })]).final).toBe(
    'model/iris: it cannot be read',
  );
  expect(parseServiceLog([line('error', 'not ready', { checks: checks() })]).final).toBeUndefined();
  expect(
    parseServiceLog([line('error', 'not ready', { checks: checks(true) }), line('info', 'ready')]).final,
  ).toBeUndefined();
});
