import { UnexpectedAnswer } from './errors.ts';

interface Answered {
  prediction?: unknown;
  probabilities?: Record<string, unknown>;
  score?: unknown;
}

const named: Readonly<Record<string, number>> = { NaN, Infinity, '-Infinity': -Infinity };

/** Also of a bigint: a float past 2^53 is written as an integer is. */
function numeric(value: unknown): unknown {
  if (typeof value === 'string') return named[value] ?? value;
  return typeof value === 'bigint' ? Number(value) : value;
}

/**
 * Makes numbers of "NaN" and the infinities where there can be nothing else: in probabilities, in the score, and in a
 * prediction without probabilities. In `outputs` they stay: there they may be texts of the model.
 */
export function readPredictions(body: unknown): unknown {
  for (const answer of Array.isArray(body) ? (body as unknown[]) : [body]) {
    if (typeof answer !== 'object' || answer === null)
      throw new UnexpectedAnswer('The answer is JSON, but no prediction. Does the URL lead to the service?');
    const row: Answered = answer;
    if (row.probabilities)
      for (const [name, value] of Object.entries(row.probabilities)) row.probabilities[name] = numeric(value);
    else if (row.prediction !== undefined) row.prediction = numeric(row.prediction);
    if (row.score !== undefined) row.score = numeric(row.score);
  }
  return body;
}
