import { infer, type NamedTensor } from '../inference/infer.ts';
import { decodeInferRequest, type InferRequest } from '../protocol/oip/request.ts';
import { encodeInferResponse } from '../protocol/oip/response.ts';
import { checkInferContent } from './body/content-type.ts';
import type { ExchangeProtocol } from './exchange.ts';
import { JSON_BODY } from './body/json-body.ts';

/** The header with the number of bytes that are JSON, if binary tensors follow it; in lower case, as it is read. */
export const JSON_LENGTH_HEADER = 'inference-header-content-length';

/**
 * Tensors, as in the Open Inference Protocol over REST.
 *
 * @param largeIsPlain whether large JSON has to consist of numbers
 */
export const inferProtocol = (largeIsPlain: boolean): ExchangeProtocol<InferRequest, NamedTensor[]> => ({
  check: checkInferContent,
  decode: (_, request, body) => decodeInferRequest(body, request.header(JSON_LENGTH_HEADER), largeIsPlain),
  run: (entry, { inputs, outputs }, request) => infer(entry, inputs, outputs, request),
  encode({ model: { signature }, executor: { plan } }, request, outputs) {
    const { body, jsonLength } = encodeInferResponse(signature, request, outputs, plan.maxResponseBytes);
    return {
      status: 200,
      headers:
        jsonLength === undefined
          ? JSON_BODY
          : ['Content-Type', 'application/octet-stream', 'Inference-Header-Content-Length', String(jsonLength)],
      body,
    };
  },
  recordRequest(record, { inputs }) {
    record.requestTensors(inputs);
  },
  recordResponse(record, outputs) {
    record.responseTensors(outputs);
  },
});
