import type { Session } from '../engine/engine.ts';
import type { Row } from '../signature/cells.ts';
import type { Signature } from '../signature/signature.ts';
import { decodePredictions, outputsCarryRows, predictionOutputs, type Prediction } from './decode-predictions.ts';
import { encodeRows, groupRows } from './encode-rows.ts';

/**
 * Returns one prediction per row, in the same order. Rows share runs if the model and their shapes allow it.
 *
 * @param run runs the graph
 * @throws {EngineError} if a run fails
 */
export async function predictRows(
  signature: Signature,
  rows: readonly Row[],
  run: Session['run'],
): Promise<Prediction[]> {
  const predictions = new Array<Prediction>(rows.length);
  for (const group of groupRows(signature, rows)) {
    const some = group.map((index) => rows[index] ?? []);
    for (const [at, prediction] of (await predictGroup(signature, some, run)).entries())
      predictions[group[at] ?? 0] = prediction;
  }
  return predictions;
}

/** Predicts rows in a single run, or in a run for each if the outputs do not carry the rows. */
async function predictGroup(signature: Signature, rows: readonly Row[], run: Session['run']): Promise<Prediction[]> {
  const fetches = predictionOutputs(signature);
  const outputs = await run(encodeRows(signature, rows), fetches);
  if (rows.length === 1 || outputsCarryRows(outputs, fetches, rows.length))
    return decodePredictions(signature, outputs, rows.length);
  const predictions: Prediction[] = [];
  for (const row of rows)
    predictions.push(...decodePredictions(signature, await run(encodeRows(signature, [row]), fetches), 1));
  return predictions;
}
