import type { LoadRequest } from '../../cli/load/attempt.ts';

/** Returns one request with so many rows: the bodies of requests with one row each, again and again. */
export function batchOf(requests: readonly LoadRequest[], rows: number): LoadRequest {
  const example = (row: number): LoadRequest => requests[row % requests.length]!;
  return {
    body: Buffer.from(`[${Array.from({ length: rows }, (_, row) => String(example(row).body)).join(',')}]`),
    isCorrect: (predictions) =>
      Array.isArray(predictions) &&
      predictions.length === rows &&
      predictions.every((prediction, row) => example(row).isCorrect(prediction)),
  };
}
