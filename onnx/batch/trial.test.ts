import { EngineError } from '../engine/engine.ts';
import type { Row } from '../signature/cells.ts';
import type { GeneratedRow } from './plausible-inputs.ts';
import { plausibleShapes } from './plausible-shapes.ts';
import { tryRows } from './trial.ts';

const rows = (...values: readonly number[]): GeneratedRow[] => values.map((value) => ({ row: [value], shapes: [[]] }));
const refuse = (some: readonly Row[]) =>
  Promise.reject(new EngineError('run-failed', `${String(Number(some[0]?.[0]))} is out of range`));

test('the first row that runs is kept', async () => {
  const trial = await tryRows(rows(1, 2, 3), (some) =>
    some[0]?.[0] === 1 ? refuse(some) : Promise.resolve([{ prediction: 'a' }]),
  );
  expect(trial).toEqual({ row: [2], shapes: [[]], prediction: { prediction: 'a' } });
});

test('if none runs, the reason is that of the first, and how many there were', async () => {
  expect(await tryRows(rows(1, 2, 3), refuse)).toMatchObject({
    reason: 'it did not run on any of 3 generated inputs: 1 is out of range.',
  });
});

test('rows are tried as long as the budget allows', async () => {
  let now = 0;
  const trial = await tryRows(
    rows(1, 2, 3, 4),
    (some) => {
      now += 600;
      return refuse(some);
    },
    { budgetMs: 1000, now: () => now },
  );
  expect(trial).toMatchObject({ reason: 'it did not run on any of 2 generated inputs in 1 s: 1 is out of range.' });
});

test('a row that ends its process is the last one', async () => {
  const trial = await tryRows(rows(1, 2, 3), (some) =>
    Promise.reject(
      some[0]?.[0] === 1
        ? new EngineError('run-failed', 'no')
        : new Error('Send the request again later.', {
            cause: new EngineError('process-died', 'the process was terminated by SIGFPE'),
          }),
    ),
  );
  expect(trial).toMatchObject({
    reason: 'it did not run on any of 2 generated inputs: the process was terminated by SIGFPE.',
  });
});

test('dimensions that count rows are 1 while the others get longer; every length is tried', () => {
  const shape = (name: string, of: readonly (number | string)[]) =>
    ({ name, dtype: 'float32', input: name, shape: of }) as const;
  const inputs = [shape('input', ['batch', 'sequence']), shape('state', [2, 'batch', 128])];
  const signature = { features: inputs, inputs, batching: 'unbatched' } as unknown as Parameters<
    typeof plausibleShapes
  >[0];
  const shapes = [...plausibleShapes(signature)];
  expect(shapes[0]).toEqual([
    [1, 4],
    [2, 1, 128],
  ]);
  expect(shapes).toContainEqual([
    [1, 16_000],
    [2, 1, 128],
  ]);
});
