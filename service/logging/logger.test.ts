import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { pino } from 'pino';
import { accessLogOf, type AccessEntry } from './logger.ts';

const entries: AccessEntry[] = [
  { requestId: 'a-1', method: 'POST', path: '/predictions', status: 200, milliseconds: 1.23456, model: 'iris' },
  { requestId: '', method: 'GET', path: '/a"b\\c\u0001ü\ud800', status: 404, milliseconds: 0, model: undefined },
  { requestId: 'x', method: 'gRPC', path: '/s/M', status: 'OK', milliseconds: 10, model: '"' },
];

/** Logs the entries with the service's own logger, which writes to standard output. */
function ownLines(level: string, environment: Readonly<Record<string, string>> = {}): string[] {
  const source = `
    import { accessLogOf, createLogger } from ${JSON.stringify(join(import.meta.dirname, 'logger.ts'))};
    const access = accessLogOf(createLogger({ logLevel: process.env.LEVEL, logSync: false }));
    for (const entry of JSON.parse(process.env.ENTRIES)) access(${JSON.stringify(level)}, entry);`;
  return execFileSync(process.execPath, ['--input-type=module', '--eval', source], {
    encoding: 'utf8',
    env: { LEVEL: 'info', ENTRIES: JSON.stringify(entries), ...environment },
  })
    .split('\n')
    .slice(0, -1);
}

test("the service's own logger composes the same lines as pino", () => {
  const lines: string[] = [];
  const logger = pino(
    { base: null, timestamp: () => ',"time":"T"', formatters: { level: (name) => ({ level: name }) } },
    { write: (line: string) => lines.push(line.trimEnd()) },
  );
  for (const entry of entries) accessLogOf(logger)('info', entry);
  expect(lines[0]).toBe(
    '{"level":"info","time":"T","request_id":"a-1","method":"POST","path":"/predictions","status":200,' +
      '"duration_ms":1.235,"model":"iris","msg":"request"}',
  );
  expect(ownLines('info').map((line) => line.replace(/"time":"[^"]+Z"/, '"time":"T"'))).toEqual(lines);
});

test('a line below the level is not written', () => {
  expect(ownLines('debug')).toEqual([]);
  expect(ownLines('debug', { LEVEL: 'debug' })).toHaveLength(3);
});
