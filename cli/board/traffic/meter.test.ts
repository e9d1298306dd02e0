import { parseCounts, type Counts } from './counts.ts';
import { TrafficMeter, type Reading } from './meter.ts';

const metrics = (ok: number, failed: number, fast: number): string => `# TYPE rhizome_requests_total counter
rhizome_requests_total{protocol="http",route="/readyz",code="200",model=""} 900
rhizome_requests_total{protocol="http",route="/predictions",code="200",model="iris"} ${ok}
rhizome_requests_total{protocol="http",route="/predictions",code="503",model="iris"} ${failed}
rhizome_requests_total{protocol="grpc",route="/a",code="RESOURCE_EXHAUSTED",model="iris"} 1
rhizome_request_duration_seconds_bucket{le="0.1",protocol="http",route="/readyz",model=""} 900
rhizome_request_duration_seconds_bucket{le="0.1",protocol="http",route="/predictions",model="iris"} ${fast}
rhizome_request_duration_seconds_bucket{le="0.2",protocol="http",route="/predictions",model="iris"} ${ok + failed}
rhizome_request_duration_seconds_bucket{le="+Inf",protocol="http",route="/predictions",model="iris"} ${ok + failed}
process_start_time_seconds 1700000000
process_resident_memory_bytes 8.192e+07
`;

test('a replica’s counts are those of requests for models, whatever the route', () => {
  expect(parseCounts(metrics(10, 2, 8))).toEqual({
    startedAt: 1_700_000_000,
    requests: 13,
    failed: 2,
    durations: new Map([
      [0.1, 8],
      [0.2, 12],
      [Infinity, 12],
    ]),
    memoryBytes: 81_920_000,
  });
  expect(parseCounts('process_cpu_seconds_total 3\n')).toBeUndefined();
});

const reading = (at: number, ok: number, failed = 0, fast = ok, more: Partial<Counts> = {}): Reading => ({
  at,
  counts: { ...parseCounts(metrics(ok, failed, fast))!, ...more },
});
const alone = (at: number, ok: number): ReadonlyMap<string, Reading> => new Map([['a', reading(at, ok)]]);
const both = (ofA: Reading, ofB: Reading): ReadonlyMap<string, Reading> => new Map(Object.entries({ a: ofA, b: ofB }));
const a = { name: 'a', ready: true };
const b = { name: 'b', ready: true };
const unready = { ...b, ready: false };

test('rates are those of all replicas, each since it was last asked', () => {
  const meter = new TrafficMeter();
  expect(meter.measure(both(reading(1000, 100), reading(1000, 700)), [a, b])).toBeUndefined();
  // 30 requests in a second, 2 of them failed, and 40 in two seconds; 50 a second, 40 of which are fast.
  const traffic = meter.measure(both(reading(2000, 128, 2, 120), reading(3000, 740)), [a, b]);
  expect(traffic).toMatchObject({ from: 1000, to: 3000, requests: 50, failed: 2 });
  // 40 of 50 take up to 100 ms, the others up to 200 ms; 47.5 are 95 %.
  expect(traffic?.p95).toBeCloseTo(175, 6);
  expect(meter.measure(both(reading(4000, 128, 2, 120), reading(4000, 740)), [a, b])).toMatchObject({
    requests: 0,
    p95: null,
  });
});

test('without a replica that serves requests nothing is known, until it responds or no longer serves any', () => {
  const meter = new TrafficMeter();
  meter.measure(both(reading(1000, 0), reading(1000, 0)), [a, b]);
  expect(meter.measure(alone(2000, 10), [a, b])).toBeUndefined();
  // 30 requests in the two seconds of which nothing was known.
  expect(meter.measure(alone(3000, 30), [a, unready])).toMatchObject({ from: 1000, to: 3000, requests: 15 });
  // b responds again, four seconds after it was last asked.
  expect(meter.measure(both(reading(5000, 50), reading(5000, 8)), [a, b])).toMatchObject({ from: 3000, requests: 12 });
});

test('a replica that is gone is forgotten', () => {
  const meter = new TrafficMeter();
  meter.measure(both(reading(1000, 0), reading(1000, 0)), [a, b]);
  expect(meter.measure(alone(2000, 10), [a])).toMatchObject({ requests: 10 });
  expect(meter.measure(both(reading(3000, 20), reading(3000, 500)), [a, b])).toMatchObject({ requests: 10 });
});

test('a process that is new counts from its first reading, although its replica has the name of another', () => {
  const meter = new TrafficMeter();
  meter.measure(both(reading(1000, 500), reading(1000, 500)), [a, b]);
  const restarted = { startedAt: 1_700_000_100 };
  expect(meter.measure(both(reading(2000, 510), reading(2000, 3, 0, 3, restarted)), [a, unready])).toMatchObject({
    requests: 10,
  });
  expect(meter.measure(both(reading(3000, 520), reading(3000, 8, 0, 8, restarted)), [a, b])).toMatchObject({
    requests: 15,
  });
});
