import { EngineError } from '../../onnx/engine/engine.ts';
import type { Model } from '../../onnx/model.ts';
import type { Prediction } from '../../onnx/batch/decode-predictions.ts';
import { predictRows } from '../../onnx/batch/predict-rows.ts';
import type { Row } from '../../onnx/signature/cells.ts';
import { ServiceError } from '../errors.ts';
import { ownOutputs } from './batch.ts';
import type { Executor } from './queue/executor.ts';
import { truncate } from './format-value.ts';
import { mostJsonElements, responseTooLarge } from './request-size.ts';
import type { RunOptions, Tensors } from './run.ts';
import type { Verifier } from './repository/verifier.ts';

/** What is needed of a loaded model to predict. */
export interface Predictor {
  readonly model: Model;
  readonly executor: Pick<Executor, 'run' | 'plan'>;
  readonly verifier: Pick<Verifier, 'verify'>;
}

const MOST_CHARACTERS = 500;

/**
 * Returns one prediction per row.
 *
 * @param pointer returns the JSON Pointer to a row in the request
 * @throws {ServiceError} `overloaded`, `timeout`, or `invalid-input` if the runtime rejects values that match the
 *   signature, such as a category that the model was not trained on. It names the row if a single row is the cause.
 */
export async function predict(
  predictor: Predictor,
  rows: readonly Row[],
  pointer: (row: number) => string,
  options: RunOptions,
): Promise<Prediction[]> {
  try {
    return await run(predictor, rows, options);
  } catch (cause) {
    const rejection = await rejectionReason(predictor, cause);
    if (rejection === undefined) throw cause;
    const culprit = await findRejectedRow(predictor, rows, options);
    const [what, reason, at] = culprit
      ? [rows.length === 1 ? 'the input' : `row ${culprit.row}`, culprit.reason, pointer(culprit.row)]
      : ['these rows in combination', rejection, '#'];
    throw new ServiceError('invalid-input', `The model's runtime rejects ${what}: ${reason}`, {
      cause,
      issues: [{ pointer: at, detail: reason }],
    });
  }
}

/** Predicts rows with the model's executor. If they need several runs, only the first may be refused. */
function run({ model, executor }: Predictor, rows: readonly Row[], options: RunOptions): Promise<Prediction[]> {
  const { maxResponseBytes } = executor.plan;
  let next = options;
  let left = mostJsonElements(maxResponseBytes);
  return predictRows(model.signature, rows, async (feeds, fetches) => {
    const result = executor.run(feeds, fetches, next);
    next = { ...options, continued: true };
    const outputs = ownOutputs(await result);
    // Here, because a prediction takes several times the memory of its outputs.
    left -= countElements(outputs);
    if (left < 0) throw responseTooLarge(maxResponseBytes);
    return outputs;
  });
}

function countElements(outputs: Tensors): number {
  return Object.values(outputs).reduce((sum, { data }) => sum + data.length, 0);
}

/**
 * Returns the runtime's reason if a run failed because of its input. Returns undefined if it failed for another reason:
 * the model does not reproduce its own examples either.
 */
async function rejectionReason({ verifier }: Predictor, error: unknown): Promise<string | undefined> {
  if (!(error instanceof EngineError)) return undefined;
  // The last verification counts if it is fresh: otherwise each rejected request would cost one more run.
  return (await verifier.verify(Infinity)).ok ? shortReason(error) : undefined;
}

/** Finds a row that the runtime rejects, by bisection: a thousand rows need only ten runs. */
async function findRejectedRow(
  predictor: Predictor,
  rows: readonly Row[],
  options: RunOptions,
): Promise<{ row: number; reason: string } | undefined> {
  const rejected = (from: number, to: number): Promise<EngineError | undefined> =>
    run(predictor, rows.slice(from, to), { ...options, continued: true }).then(
      () => undefined,
      (error: unknown) => {
        if (error instanceof EngineError) return error;
        throw error;
      },
    );
  let [from, to] = [0, rows.length];
  while (to - from > 1) {
    const middle = Math.floor((from + to) / 2);
    if (await rejected(from, middle)) to = middle;
    else from = middle;
  }
  const error = await rejected(from, to);
  return error && { row: from, reason: shortReason(error) };
}

function shortReason({ reason }: EngineError): string {
  return truncate(reason, MOST_CHARACTERS);
}
