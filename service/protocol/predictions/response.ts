import type { Prediction } from '../../../onnx/batch/decode-predictions.ts';
import type { Signature } from '../../../onnx/signature/signature.ts';
import type { PredictionResponse } from '../../contract/index.ts';
import type { DecodedFeatures } from './request.ts';

/**
 * Returns the body of the response: an object if the request was one, otherwise an array in the order of the rows. It
 * may contain bigints, so write it with `stringifyJson`.
 */
export function encodePredictions(
  { name, version }: Signature,
  predictions: readonly Prediction[],
  { single, warnings }: Pick<DecodedFeatures, 'single' | 'warnings'>,
): PredictionResponse | PredictionResponse[] {
  const model = { name, version };
  const responses = predictions.map((prediction, row): PredictionResponse => {
    const warned = warnings.get(row);
    return { ...prediction, model, ...(warned && { warnings: warned }) };
  });
  const [first] = responses;
  return single && first ? first : responses;
}
