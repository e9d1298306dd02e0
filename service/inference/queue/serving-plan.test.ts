import { servingPlan } from './serving-plan.ts';

const calibration = (...costs: [rows: number, milliseconds: number][]) => ({
  costs: costs.map(([rows, milliseconds]) => ({ rows, milliseconds })),
  unstackable: undefined,
});

test('the largest measured run is the limit; on the event loop, the largest of at most 5 ms', () => {
  const measured = calibration([1, 1], [2, 1.5], [4, 2.5], [8, 4.5], [16, 8]);
  expect(servingPlan(measured, 'event-loop').maxBatch).toBe(8);
  expect(servingPlan(measured, 'process').maxBatch).toBe(16);
});

test('the queue holds 16 rows, two full runs or a quarter of a second, but no more than fits into the timeout', () => {
  expect(servingPlan(calibration([1, 20], [2, 24], [4, 40]), 'process').queue.rows).toBe(64);
  expect(servingPlan(calibration([1, 0.02], [64, 0.064]), 'event-loop').queue.rows).toBe(250_000);
  expect(servingPlan(calibration([1, 2000]), 'process', { requestTimeoutSeconds: 15 }).queue.rows).toBe(7);
  expect(servingPlan(calibration([1, 60_000]), 'process').queue.rows).toBe(1);
});

test('without overload, 64 rows may wait for up to a second; under overload, those of a twentieth', () => {
  const rows = (milliseconds: number) => {
    const { queue, overloadQueue } = servingPlan(calibration([1, milliseconds]), 'process');
    return [queue.rows, overloadQueue.rows];
  };
  expect(rows(10)).toEqual([64, 8]);
  expect(rows(5)).toEqual([64, 10]);
  expect(rows(20)).toEqual([50, 8]);
  expect(rows(500)).toEqual([16, 8]);
  expect(rows(0.1)).toEqual([2500, 500]);
});

test('a request has as many rows as the model processes within the timeout, and at most 2^20', () => {
  const limit = (milliseconds: number, requestTimeoutSeconds = 15, unstackable?: string) =>
    servingPlan({ ...calibration([1, milliseconds]), unstackable }, 'process', { requestTimeoutSeconds }).rowLimit;
  const alone = 'its rows depend on each other';
  expect(limit(10, 15, alone)).toEqual({ rows: 1500, reason: 'more take longer than 15 s (REQUEST_TIMEOUT_SECONDS)' });
  expect(limit(10, 2, alone).rows).toBe(200);
  expect(limit(60_000, 15, alone).rows).toBe(1);
  // Several runs stop at the timeout.
  expect(limit(10).rows).toBe(6000);
  expect(limit(0.001)).toEqual({ rows: 2 ** 20, reason: 'more take too much memory' });
  expect(servingPlan({ costs: [], unstackable: 'it does not run' }, 'process').rowLimit.rows).toBe(2 ** 20);
});

test('a response has at most 16 MiB, or two of the largest bodies, or what is set', () => {
  const most = (settings: Parameters<typeof servingPlan>[2]) =>
    servingPlan(calibration([1, 1]), 'process', settings).maxResponseBytes;
  expect(most({})).toBe(2 ** 24);
  expect(most({ maxBodyBytes: 2 ** 26 })).toBe(2 ** 27);
  expect(most({ maxBodyBytes: 2 ** 26, maxResponseBytes: 5000 })).toBe(5000);
});

test('settings override what was measured', () => {
  const measured = calibration([1, 1], [64, 2]);
  expect(
    servingPlan(measured, 'event-loop', { maxBatch: 10, maxDelayMs: 3, maxQueueRows: 7, maxQueueBytes: 9 }),
  ).toMatchObject({ maxBatch: 10, maxDelayMs: 3, queue: { rows: 7, bytes: 9 } });
  expect(servingPlan(measured, 'event-loop', { maxBodyBytes: 2 ** 26 }).queue.bytes).toBe(2 ** 27);
});

test('a setting does not stack rows that are not independent', () => {
  const plan = servingPlan({ costs: [], unstackable: 'rows mix' }, 'event-loop', { maxBatch: 10 });
  expect(plan).toMatchObject({ stackRows: false, maxBatch: 1, unstackable: 'rows mix' });
  expect(plan.queue.rows).toBeGreaterThan(0);
});
