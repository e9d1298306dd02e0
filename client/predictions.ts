import { UnexpectedResponse } from './errors.ts';

interface RowPrediction {
  prediction?: unknown;
  probabilities?: Record<string, unknown>;
  scores?: Record<string, unknown>;
  score?: unknown;
}

const notFinite: Readonly<Record<string, number>> = { NaN, Infinity, '-Infinity': -Infinity };

function toNumber(value: unknown): unknown {
  if (typeof value === 'string') return notFinite[value] ?? value;
  // JSON writes a float past 2^53 as it writes an integer.
  return typeof value === 'bigint' ? Number(value) : value;
}

/**
 * Converts "NaN", "Infinity" and "-Infinity" to numbers wherever only numbers can be: in probabilities, in scores,
 * and in a prediction without either. In `outputs` they stay, since they may be the model's texts.
 *
 * @throws {UnexpectedResponse} if the body is not a prediction, nor an array of them
 */
export function readPredictions(body: unknown): unknown {
  for (const each of Array.isArray(body) ? (body as unknown[]) : [body]) {
    if (typeof each !== 'object' || each === null)
      throw new UnexpectedResponse('The response is JSON, but not a prediction. Is the URL that of the service?');
    const row: RowPrediction = each;
    const numbers = row.probabilities ?? row.scores;
    if (numbers) for (const [name, value] of Object.entries(numbers)) numbers[name] = toNumber(value);
    else if (row.prediction !== undefined) row.prediction = toNumber(row.prediction);
    if (row.score !== undefined) row.score = toNumber(row.score);
  }
  return body;
}
