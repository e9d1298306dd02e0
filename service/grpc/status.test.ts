import { pino } from 'pino';
import { statusOfFailure } from './status.ts';

test('an error of the service is logged with the trace of its request, as over HTTP', () => {
  const lines: unknown[] = [];
  const logger = pino({ base: null }, { write: (line: string) => lines.push(JSON.parse(line)) });
  const request = { path: '/a.B/C', requestId: 'one', traceId: '0af7651916cd43dd8448eb211c80319c' };
  expect(statusOfFailure(new Error('a bug'), request, logger).code).toBe('INTERNAL');
  expect(lines).toEqual([
    expect.objectContaining({ msg: 'internal error', request_id: 'one', trace_id: request.traceId, path: '/a.B/C' }),
  ]);
});
