import { ServiceProblem, Unreachable } from '../../client/index.ts';
import { parseJson, toJson } from '../json.ts';
import type { SourceRow } from '../row-files/row-source.ts';
import type { RowResult } from '../row-files/writer.ts';
import { predictRows } from './predict-rows.ts';

type Row = Readonly<Record<string, unknown>>;

function problem(status: number, code: string, errors: ServiceProblem['errors'] = []): ServiceProblem {
  return new ServiceProblem(status, {
    code,
    title: '',
    detail: `It is ${code}.`,
    errors,
    requestId: undefined,
    retryAfter: undefined,
  });
}

/** Predicts rows with a service that responds with each row's number, or fails as `fail` says. */
async function run(count: number, fail: (rows: readonly Row[]) => Error | undefined) {
  const sizes: number[] = [];
  /* eslint-disable-next-line @typescript-eslint/require-await -- rows come as from a file */
  const source = async function* (): AsyncGenerator<SourceRow> {
    for (let at = 1; at <= count; at++) yield { at, values: { at } };
  };
  const results: RowResult[] = [];
  const predictor = {
    toJson: ({ values }: SourceRow) => toJson(values),
    send: (body: string) => {
      const rows = parseJson(body) as readonly Row[];
      sizes.push(rows.length);
      const error = fail(rows);
      return error === undefined
        ? Promise.resolve(rows.map((row) => ({ prediction: row['at'] as number })))
        : Promise.reject(error);
    },
  };
  for await (const batch of predictRows(source(), predictor)) results.push(...batch);
  return { sizes, results: results.map(({ prediction, error }) => prediction?.prediction ?? error) };
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

test('500 rows a request, in their order', async () => {
  const { sizes, results } = await run(1100, () => undefined);
  expect(sizes).toEqual([500, 500, 100]);
  expect(results).toEqual(numbers(1100));
});

test('a batch that exceeds the timeout is halved, and later ones are as small', async () => {
  const { sizes, results } = await run(1100, (rows) => (rows.length > 200 ? problem(504, 'timeout') : undefined));
  expect(sizes).toEqual([500, 250, 125, 125, 250, 125, 125, ...Array.from({ length: 4 }, () => 125), 100]);
  expect(results).toEqual(numbers(1100));
});

test('a row that exceeds the timeout by itself does not fail the others', async () => {
  const { results } = await run(3, (rows) => (rows.some(({ at }) => at === 2) ? problem(504, 'timeout') : undefined));
  expect(results).toEqual([1, 'It is timeout.', 3]);
});

test('invalid rows are named with their values, exactly, and the others are sent once more', async () => {
  const { sizes, results } = await run(3, (rows) =>
    rows.length === 3
      ? problem(422, 'invalid-input', [
          { pointer: '#/1/a~1b', detail: 'Outside the valid range.', value: 9007199254740993n, expected: '0 to 1' },
          { pointer: '#/1/c', detail: 'Got a string.', value: '', expected: 'a number (float32)' },
        ])
      : undefined,
  );
  expect(sizes).toEqual([3, 2]);
  expect(results).toEqual([
    1,
    'a/b: Outside the valid range, expected 0 to 1: 9007199254740993; ' +
      'c: Got a string, expected a number (float32): "" (write a missing value as NaN)',
    3,
  ]);
});

test.each([
  ['an error that has nothing to do with rows', problem(401, 'unauthorized')],
  ['a service that cannot be reached', new Unreachable('http://x', new Error('reset'))],
])('%s ends it after one request', async (_, error) => {
  let sent = 0;
  await expect(
    run(3, () => {
      sent++;
      return error;
    }),
  ).rejects.toBe(error);
  expect(sent).toBe(1);
});

test('a service that fails for every row ends it, with its error', async () => {
  await expect(run(2, () => problem(500, 'internal-error'))).rejects.toMatchObject({ code: 'internal-error' });
});

test('a response of another service is quoted', async () => {
  const rows = predictRows([{ at: 1, values: {} }] as unknown as AsyncIterable<SourceRow>, {
    toJson: () => '{}',
    send: () => Promise.resolve({ hello: 'world' }),
  });
  await expect(rows.next()).rejects.toThrow(
    'Sent 1 row, but the response does not have one prediction for each: {"hello"',
  );
});
