import { unpack } from '../../../onnx/signature/dtypes.ts';
import type { Signature } from '../../../onnx/signature/signature.ts';
import type { NamedTensor } from '../../inference/infer.ts';
import { stringifyJson } from '../json.ts';
import { datatypeOf } from './datatypes.ts';
import { writeRaw } from './raw.ts';
import type { InferRequest } from './request.ts';

export interface InferResponse {
  readonly body: Uint8Array;
  /** How many bytes are JSON, if binary tensors follow. */
  readonly jsonLength?: number;
}

/** Encodes the response to `POST …/infer`: JSON, followed by the outputs that were requested in binary. */
export function encodeInferResponse(
  { name, version }: Signature,
  { id, binary }: Pick<InferRequest, 'id' | 'binary'>,
  outputs: readonly NamedTensor[],
): InferResponse {
  const tail: Uint8Array[] = [];
  const json = Buffer.from(
    stringifyJson({
      model_name: name,
      model_version: version,
      ...(id !== undefined && { id }),
      outputs: outputs.map((output) => {
        const described = { name: output.name, datatype: datatypeOf(output.dtype), shape: output.shape };
        if (!binary(output.name)) return { ...described, data: unpack(output) };
        const bytes = writeRaw(output);
        tail.push(bytes);
        return { ...described, parameters: { binary_data_size: bytes.length } };
      }),
    }),
  );
  return tail.length === 0 ? { body: json } : { body: Buffer.concat([json, ...tail]), jsonLength: json.length };
}
