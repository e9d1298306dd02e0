import { EngineError } from '../../onnx/engine/engine.ts';
import type { Model } from '../../onnx/model.ts';
import type { Prediction } from '../../onnx/batch/predictions.ts';
import type { Row } from '../../onnx/signature/cells.ts';
import { ServiceError } from '../errors.ts';
import { cut } from './format-value.ts';

const MOST_CHARACTERS = 500;

/**
 * One prediction a row.
 *
 * @param pointer where a row stands in the request
 * @throws ServiceError `invalid-input` where the runtime refuses what fits the signature, as a category that it was not
 *   trained on; with the row, where one alone is to blame
 */
export async function predict(
  model: Model,
  rows: readonly Row[],
  pointer: (row: number) => string,
): Promise<Prediction[]> {
  try {
    return await model.predict(rows);
  } catch (cause) {
    const words = await refusal(model, cause);
    if (words === undefined) throw cause;
    const culprit = await firstRefused(model, rows);
    const [what, reason, at] = culprit
      ? [rows.length === 1 ? 'the input' : `row ${culprit.row}`, culprit.words, pointer(culprit.row)]
      : ['the rows together', words, '#'];
    throw new ServiceError('invalid-input', `The model's runtime refuses ${what}: ${reason}`, {
      cause,
      issues: [{ pointer: at, detail: reason }],
    });
  }
}

/**
 * The runtime's words, where a run failed for what it was given; undefined where it failed for another reason, as a model
 * that does not reproduce its own examples either.
 */
export async function refusal(model: Model, error: unknown): Promise<string | undefined> {
  if (!(error instanceof EngineError)) return undefined;
  const fine = await model.verify().then(
    () => true,
    () => false,
  );
  return fine ? words(error) : undefined;
}

/** By halves, so that a thousand rows cost no thousand runs. */
async function firstRefused(model: Model, rows: readonly Row[]): Promise<{ row: number; words: string } | undefined> {
  const refused = (from: number, to: number): Promise<EngineError | undefined> =>
    model.predict(rows.slice(from, to)).then(
      () => undefined,
      (error: unknown) => {
        if (error instanceof EngineError) return error;
        throw error;
      },
    );
  let [from, to] = [0, rows.length];
  while (to - from > 1) {
    const middle = Math.floor((from + to) / 2);
    if (await refused(from, middle)) to = middle;
    else from = middle;
  }
  const error = await refused(from, to);
  return error && { row: from, words: words(error) };
}

function words({ reason }: EngineError): string {
  return cut(reason, MOST_CHARACTERS);
}
