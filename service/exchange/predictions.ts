import type { Prediction } from '../../onnx/batch/decode-predictions.ts';
import type { ModelMetrics } from '../metrics/model-metrics.ts';
import { runModel } from '../operations/run-model.ts';
import { predict } from '../inference/predict.ts';
import { parseJson, stringifyJson } from '../protocol/json.ts';
import { decodeFeatures, type DecodedFeatures } from '../protocol/predictions/request.ts';
import { encodePredictions } from '../protocol/predictions/response.ts';
import { checkJson } from './content-type.ts';
import type { ExchangeProtocol } from './exchange.ts';
import { JSON_BODY } from './json-body.ts';

/**
 * Predictions from named features.
 *
 * @param strictRanges rejects values outside their feature's range, which otherwise only cause a warning
 */
export function predictionsProtocol(
  strictRanges: boolean,
  metrics: ModelMetrics,
): ExchangeProtocol<DecodedFeatures, Prediction[]> {
  return {
    check: checkJson,
    decode: ({ model: { signature } }, _, body) => decodeFeatures(signature, parseJson(body), strictRanges),
    run: ({ model, name }, { rows, pointer }, { deadline }) =>
      runModel(metrics.of(name), deadline, rows.length, () => predict(model, rows, pointer)),
    encode: ({ model: { signature } }, decoded, predictions) => ({
      status: 200,
      headers: JSON_BODY,
      body: stringifyJson(encodePredictions(signature, predictions, decoded)),
    }),
  };
}
