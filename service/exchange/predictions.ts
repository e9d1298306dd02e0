import type { Prediction } from '../../onnx/batch/decode-predictions.ts';
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
export function predictionsProtocol(strictRanges: boolean): ExchangeProtocol<DecodedFeatures, Prediction[]> {
  return {
    check: checkJson,
    decode: ({ model: { signature } }, _, body) => decodeFeatures(signature, parseJson(body), strictRanges),
    run: (entry, { rows, pointer }, request) => predict(entry, rows, pointer, request),
    encode: ({ model: { signature } }, decoded, predictions) => ({
      status: 200,
      headers: JSON_BODY,
      body: stringifyJson(encodePredictions(signature, predictions, decoded)),
    }),
  };
}
