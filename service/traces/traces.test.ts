import type { RequestTrace } from './request-trace.ts';
import { isSampled } from './sampler.ts';
import type { FinishedTrace } from './span.ts';
import { parseTraceparent, traceStateOf } from './trace-context.ts';
import { Tracer } from './tracer.ts';
import { randomHex } from './ids.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = 'b7ad6b7169203331';

test.each([
  [`00-${traceId}-${spanId}-01`, { traceId, spanId, sampled: true }],
  [`00-${traceId}-${spanId}-00`, { traceId, spanId, sampled: false }],
  [`00-${traceId}-${spanId}-03`, { traceId, spanId, sampled: true }],
  // A later version may have more fields.
  [`cc-${traceId}-${spanId}-01-what-else`, { traceId, spanId, sampled: true }],
  [`00-${traceId}-${spanId}-01-what-else`, undefined],
  [`ff-${traceId}-${spanId}-01`, undefined],
  [`00-${'0'.repeat(32)}-${spanId}-01`, undefined],
  [`00-${traceId}-${'0'.repeat(16)}-01`, undefined],
  [`00-${traceId.toUpperCase()}-${spanId}-01`, undefined],
  [`00-${traceId}-${spanId}-1`, undefined],
  ['', undefined],
  [undefined, undefined],
])('traceparent %s', (header, expected) => {
  expect(parseTraceparent(header)).toEqual(expected);
});

test('tracestate is passed on unless it is too long or not printable', () => {
  expect(traceStateOf('a=b,c=d')).toBe('a=b,c=d');
  expect(traceStateOf('a'.repeat(513))).toBe('');
  expect(traceStateOf('a=\n')).toBe('');
  expect(traceStateOf(undefined)).toBe('');
});

const parent = (sampled: boolean) => ({ traceId, spanId, sampled });

test('the caller decides, if there is one and the sampler asks it', () => {
  expect(isSampled({ parentBased: true, ratio: 0 }, traceId, parent(true))).toBe(true);
  expect(isSampled({ parentBased: true, ratio: 1 }, traceId, parent(false))).toBe(false);
  expect(isSampled({ parentBased: false, ratio: 0 }, traceId, parent(true))).toBe(false);
  expect(isSampled({ parentBased: false, ratio: 1 }, traceId, parent(false))).toBe(true);
});

test('the last eight bytes of the trace id decide about a share', () => {
  const id = (last: string): string => `${'f'.repeat(16)}${last.padEnd(16, '0')}`;
  const quarter = { parentBased: true, ratio: 0.25 };
  expect(isSampled(quarter, id('3fff'), undefined)).toBe(true);
  expect(isSampled(quarter, id('4000'), undefined)).toBe(false);
  expect(isSampled({ parentBased: true, ratio: 0.000001 }, id('0000'), undefined)).toBe(true);
  expect(isSampled({ parentBased: true, ratio: 0 }, id('0000'), undefined)).toBe(false);
});

test('ids have the length of their bytes, and differ', () => {
  const ids = Array.from({ length: 2000 }, () => randomHex(8));
  expect(new Set(ids).size).toBe(2000);
  expect(ids.every((id) => /^[0-9a-f]{16}$/.test(id))).toBe(true);
});

test('a trace has a bounded number of spans, and none after its end', () => {
  const finished: FinishedTrace[] = [];
  const tracer = new Tracer({ parentBased: true, ratio: 1 }, { add: (trace) => void finished.push(trace) });
  const trace = tracer.start(() => undefined).recording as RequestTrace;
  for (let run = 0; run < 1000; run++) trace.ran(1, 2, 1, 1, false);
  expect(() => trace.during('decode', () => JSON.parse('{') as unknown)).toThrow(SyntaxError);
  trace.end('POST', 0, 3, [], false);
  trace.ran(1, 2, 1, 1, false);
  trace.end('POST', 0, 4, [], false);
  expect(finished).toHaveLength(1);
  expect(finished[0]?.spans).toHaveLength(65);
});
