import type { Prediction } from '../../../onnx/batch/predictions.ts';
import type { Signature } from '../../../onnx/signature/signature.ts';
import type { PredictionResponse } from '../../contract/index.ts';
import type { DecodedFeatures } from './request.ts';

/** The answer's body: an object for an object, else an array in the order of the rows. For `stringifyJson`. */
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
