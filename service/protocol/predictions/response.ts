import type { Prediction } from '../../../onnx/batch/decode-predictions.ts';
import type { Signature } from '../../../onnx/signature/signature.ts';
import type { PredictionResponse } from '../../contract/index.ts';
import { responseTooLarge } from '../../inference/request-size.ts';
import { stringifyJson } from '../json.ts';
import type { DecodedFeatures } from './request.ts';

/**
 * Returns the body of the response: an object if the request was one, otherwise an array in the order of the rows.
 *
 * @param mostBytes the bytes of the largest response
 * @throws {ServiceError} `body-too-large`
 */
export function writePredictions(
  { name, version }: Signature,
  predictions: readonly Prediction[],
  { single, warnings }: Pick<DecodedFeatures, 'single' | 'warnings'>,
  mostBytes = Infinity,
): string {
  const model = { name, version };
  let body = '';
  for (let row = 0; row < predictions.length; row++) {
    const warned = warnings.get(row);
    // Row by row, so that a response that is too large is noticed before the rest of it is in memory.
    const response = { ...predictions[row], model, ...(warned && { warnings: warned }) } satisfies PredictionResponse;
    body += `${row === 0 ? '' : ','}${stringifyJson(response)}`;
    if (body.length > mostBytes) throw responseTooLarge(mostBytes);
  }
  return single && predictions.length === 1 ? body : `[${body}]`;
}
