import { Comparison } from './comparison.ts';

function compared(rows: readonly Omit<Parameters<Comparison['add']>[0], 'at'>[], tolerance = 1e-4) {
  const comparison = new Comparison(tolerance);
  rows.forEach((row, index) => {
    comparison.add({ ...row, at: index + 1 });
  });
  return comparison;
}

test('classes: only another class is a change; probabilities show the largest difference', () => {
  const { changed, share, changes, largest, quality } = compared([
    {
      before: { prediction: 'a', probabilities: { a: 0.9, b: 0.1 } },
      after: { prediction: 'a', probabilities: { a: 0.6, b: 0.4 } },
      label: 'a',
    },
    { before: { prediction: 'a' }, after: { prediction: 'b' }, label: 'b' },
  ]);
  expect({ changed, share, changes }).toEqual({
    changed: 1,
    share: 0.5,
    changes: [{ at: 2, before: 'a', after: 'b' }],
  });
  expect(largest).toMatchObject({ at: 1, what: 'probabilities.a', before: 0.9, after: 0.6 });
  expect(quality).toEqual({ before: { accuracy: 0.5 }, after: { accuracy: 1 } });
});

test('numbers: unchanged within the tolerance; quality is the root mean squared and mean absolute error', () => {
  const { changed, largest, quality } = compared(
    [
      { before: { prediction: 100 }, after: { prediction: 100.9 }, label: 100 },
      { before: { prediction: 100 }, after: { prediction: 103 }, label: 103 },
    ],
    0.01,
  );
  expect(changed).toBe(1);
  expect(largest).toEqual({ at: 2, what: 'prediction', before: 100, after: 103, difference: 3 });
  expect(quality!.before).toEqual({ rmse: Math.sqrt(4.5), mae: 1.5 });
  expect(quality!.after.mae).toBeCloseTo(0.45);
});

test('tensors: any element can change; NaN equals NaN, and is infinitely far from every number', () => {
  const { changed, largest } = compared([
    { before: { outputs: { y: [1, NaN], n: 5n } }, after: { outputs: { y: [1, NaN], n: 5n } } },
    {
      before: {
        outputs: {
          y: [
            [1, 2],
            [3, 4],
          ],
        },
      },
      after: {
        outputs: {
          y: [
            [1, 2],
            [3, NaN],
          ],
        },
      },
    },
    { before: { outputs: { text: 'a' } }, after: { outputs: { text: 'b' } } },
  ]);
  expect(changed).toBe(2);
  expect(largest).toEqual({ at: 2, what: 'outputs.y/1/1', before: 4, after: NaN, difference: Infinity });
});

test('an anomaly detector has an accuracy, and its score is compared', () => {
  const { changed, largest, quality } = compared([
    { before: { prediction: 1, score: 0.5 }, after: { prediction: -1, score: -0.25 }, label: '-1' },
  ]);
  expect({ changed, quality }).toEqual({ changed: 1, quality: { before: { accuracy: 0 }, after: { accuracy: 1 } } });
  expect(largest).toMatchObject({ what: 'score', difference: 0.75 });
});
