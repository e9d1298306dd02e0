/** Valid bodies of a megabyte that would cost a hundred times as much memory. */
import { join } from 'node:path';
import { startService } from '../fixtures/process.ts';
import { exampleRequest, goodClient } from './fixtures/good-client.ts';
import { metric } from '../fixtures/metric.ts';

const features = ['sepal_length', 'sepal_width', 'petal_length', 'petal_width'];

test('rows and warnings are bounded, so that a megabyte of zeros costs no other client its response', async () => {
  // As in the container. The time is not what limits the rows, however busy the machine is.
  const limits = {
    NODE_OPTIONS: '--max-old-space-size=256 --max-semi-space-size=4',
    REQUEST_TIMEOUT_SECONDS: '60',
    GRACE_PERIOD_SECONDS: '90',
  };
  const service = await startService(join(import.meta.dirname, '../../models'), limits);
  const { url } = service;
  const good = await goodClient(url, [await exampleRequest(url, 'iris'), { path: '/livez' }]);
  const predict = async (body: string): Promise<{ status: number; text: string }> => {
    const response = await fetch(`${url}/models/iris/predictions`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body,
      signal: AbortSignal.timeout(20_000),
    });
    return { status: response.status, text: await response.text() };
  };
  const zeros = (rows: number): string => {
    const column = `[${'0,'.repeat(rows - 1)}0]`;
    return `{"columns":{${features.map((name) => `"${name}":${column}`).join()}}}`;
  };
  const { serving } = (await (await fetch(`${url}/models/iris`)).json()) as { serving: { max_rows: number } };

  /** Without the rest of a large text, which would take minutes to compare. */
  const refused = async (body: string): Promise<unknown> => {
    const { status, text } = await predict(body);
    return [status, text.slice(0, 500)];
  };
  const atMost = `at most ${serving.max_rows} in one request: the response would be larger than 16777216 bytes`;
  for (const body of [zeros(130_000), `[${'{},'.repeat(349_000)}{}]`])
    expect(await refused(body)).toEqual([413, expect.stringContaining(atMost)]);
  // The limit of rows is an estimate. These rows have long numbers.
  const tooLong = 'The response would be larger than 16777216 bytes (MAX_RESPONSE_BYTES)';
  expect(await refused(zeros(serving.max_rows))).toEqual([413, expect.stringContaining(tooLong)]);

  const accepted = await predict(zeros(60_000));
  expect(accepted.status).toBe(200);
  expect(accepted.text.length).toBeLessThan(16 * 2 ** 20);
  const predictions = JSON.parse(accepted.text) as { prediction: string; warnings?: { detail: string }[] }[];
  expect(predictions).toHaveLength(60_000);
  const warnings = predictions.flatMap((each) => each.warnings ?? []);
  // All of them for the first 4,000 rows of one feature, and for ten rows of the others; then one for all others.
  expect(warnings).toHaveLength(4001 + 11 * (features.length - 1));
  expect(warnings.at(-1)?.detail).toContain('55999 more rows, the last of which is row 59999');

  const { served, wrong } = await good.stop();
  expect(wrong).toEqual([]);
  expect(served).toBeGreaterThan(2);
  expect(await metric(service, 'process_resident_memory_bytes')).toBeLessThan(500e6);
  expect(await service.stop()).toBe(0);
});
