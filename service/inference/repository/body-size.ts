/** How large the body of a request has to be for the models that are served. */
import type { DType } from '../../../onnx/engine/engine.ts';
import { bytesPerElement } from '../../../onnx/signature/dtypes.ts';
import { rowElements } from '../../../onnx/signature/features.ts';
import type { Signature } from '../../../onnx/signature/signature.ts';
import { leastBodyBytes } from '../../contract/index.ts';

const MEBIBYTE = 2 ** 20;
/** The largest body that is not set. */
const MOST_FITTING_BYTES = 16 * MEBIBYTE;

/** The bytes of one row in a request, with each dynamic dimension as 1. */
export interface RowBytes {
  readonly json: number;
  /** In binary, as in the Open Inference Protocol. */
  readonly binary: number;
  /** The largest images of a row, as a body or a form; 0 if it has none. */
  readonly images: number;
  /** Whether clients determine the size of a row: it has images, or dynamic dimensions. */
  readonly open: boolean;
}

/**
 * The characters of an element in JSON with a comma and a space, as Python writes it: a float that was a float32 has 16
 * or 17 digits, and rarely an exponent too.
 */
const CHARACTERS: Readonly<Record<DType, number>> = {
  float16: 24,
  float32: 24,
  float64: 24,
  int8: 6,
  int16: 8,
  int32: 13,
  int64: 22,
  uint8: 5,
  uint16: 7,
  uint32: 12,
  uint64: 22,
  bool: 7,
  string: 24,
};
/** A text in binary: its length, and as many bytes as characters above. */
const TEXT_BYTES = 28;
/** The names of inputs, their shapes, brackets. */
const REST = 1024;

export function rowBytes({ inputs, features }: Pick<Signature, 'inputs' | 'features'>): RowBytes {
  let [json, binary] = [REST, REST];
  for (const input of inputs) {
    const { dtype } = input;
    const elements = rowElements(input);
    json += elements * CHARACTERS[dtype];
    binary += elements * (bytesPerElement(dtype) ?? TEXT_BYTES);
  }
  let images = 0;
  for (const { name, decode } of features) {
    json += Buffer.byteLength(name) + 4;
    if (decode?.image !== undefined) images += decode.image.maxBytes;
  }
  const open = features.some(
    ({ shape, decode }) => decode !== undefined || shape.some((size) => typeof size === 'string'),
  );
  return { json: Math.max(json, inBase64(images)), binary, images, open };
}

const inBase64 = (images: number): number => REST + (images * 4) / 3;

/**
 * Returns the bytes of the largest body if none are set: at least a mebibyte, and what one row of each model takes as
 * JSON.
 *
 * @param most the limit, which is at most 16 MiB
 */
export function fittingBodyBytes(rows: readonly RowBytes[], most = MOST_FITTING_BYTES): number {
  const needed = rows.reduce((largest, { json }) => Math.max(largest, json), leastBodyBytes);
  return Math.min(Math.ceil(needed / MEBIBYTE) * MEBIBYTE, Math.max(most, leastBodyBytes), MOST_FITTING_BYTES);
}

/** Returns a warning if the largest row of a model does not fit into a request. */
export function warningFor({ json, binary, images }: RowBytes, maxBytes: number): string | undefined {
  if (json <= maxBytes) return undefined;
  if (images > 0 && inBase64(images) > maxBytes)
    return images + REST > maxBytes
      ? 'the largest images that model.json allows do not fit into a request: ' +
          'set a larger MAX_BODY_BYTES, or a smaller "maxBytes"'
      : 'the largest images that model.json allows do not fit into a request in base64: ' +
          'send them as the body or a form, or set a larger MAX_BODY_BYTES';
  return binary > maxBytes
    ? 'one row does not fit into a request: set a larger MAX_BODY_BYTES'
    : 'one row as JSON does not fit into a request: set a larger MAX_BODY_BYTES, or send it in binary';
}

/**
 * Returns what to do about a body that is too large, as a sentence.
 *
 * @param path of the model's `infer` route
 * @param isTensors whether the request was for that route
 */
export function adviceFor(
  { json, binary, open }: RowBytes,
  maxBytes: number,
  path: string,
  isTensors: boolean,
): string {
  if (open) return 'Send fewer or smaller rows per request, or set a larger MAX_BODY_BYTES.';
  if (2 * json <= maxBytes) return 'Send fewer rows per request.';
  if (binary > maxBytes) return 'One row does not fit: set a larger MAX_BODY_BYTES.';
  return isTensors
    ? 'Send the tensors in binary (binary_data_size), or set a larger MAX_BODY_BYTES.'
    : `One row has about ${formatBytes(json)} as JSON. Send it in binary to ${path}, or set a larger MAX_BODY_BYTES.`;
}

/** Formats a size: `3.4 MiB`. */
export function formatBytes(bytes: number): string {
  return bytes < MEBIBYTE ? `${Math.ceil(bytes / 1024)} KiB` : `${(bytes / MEBIBYTE).toFixed(1)} MiB`;
}
