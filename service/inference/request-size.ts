/** How large a request may be, and its response. */
import type { TensorData } from '../../onnx/engine/engine.ts';
import type { TensorSpec } from '../../onnx/signature/tensor-spec.ts';
import { bytesPerElement } from '../../onnx/signature/dtypes.ts';
import { ServiceError } from '../errors.ts';
import type { Tensors } from './run.ts';

/** The most rows of one request. */
export interface RowLimit {
  readonly rows: number;
  /** Why there is a limit, as the end of a sentence. */
  readonly reason: string;
}

/**
 * An element of a response takes at least two characters in JSON, such as `0,`, and at most eight bytes in memory. If
 * the outputs of a run have more bytes than this for each byte of the largest response, they do not fit into it.
 */
const MOST_BYTES_PER_CHARACTER = 4;
/** An element in JSON, with its comma. */
const FEWEST_CHARACTERS = 2;
/** The memory of a text in the outputs of a run, besides its characters. */
const TEXT_BYTES = 4;
/** A job that waits in the queue, its promise and its tensors. */
const BYTES_PER_JOB = 512;
/** The memory of a text that waits, besides its characters. */
const BYTES_PER_STRING = 16;

/** Creates the error for a request with more rows than the limit. */
export function tooManyRows(model: string, rows: number, limit: RowLimit): ServiceError {
  return new ServiceError(
    'body-too-large',
    `The request has ${rows} rows, but the model '${model}' accepts at most ${limit.rows} in one request: ` +
      `${limit.reason}. Send fewer rows per request.`,
  );
}

/** @param most the bytes of the largest response */
export function responseTooLarge(most: number): ServiceError {
  return new ServiceError(
    'body-too-large',
    `The response would be larger than ${most} bytes (MAX_RESPONSE_BYTES). Send fewer rows per request.`,
  );
}

/** Returns the bytes of the largest outputs that may fit into a response, however it is encoded. */
export function mostOutputBytes(mostResponseBytes: number): number {
  return MOST_BYTES_PER_CHARACTER * mostResponseBytes;
}

/** Returns the most elements that may fit into a response in JSON. */
export function mostJsonElements(mostResponseBytes: number): number {
  return mostResponseBytes / FEWEST_CHARACTERS;
}

/** Returns at least how many bytes an output has for each row, as far as it is declared. */
export function leastRowBytes({ dtype, shape }: TensorSpec): number {
  let bytes = bytesPerElement(dtype) ?? TEXT_BYTES;
  for (let axis = 1; axis < shape.length; axis++) {
    const dimension = shape[axis];
    if (typeof dimension === 'number') bytes *= dimension;
  }
  return bytes;
}

/** Returns the bytes of tensors, without the characters of texts. */
export function outputBytes(outputs: Tensors): number {
  let bytes = 0;
  for (const name in outputs) {
    const data = outputs[name]?.data as TensorData;
    bytes += ArrayBuffer.isView(data) ? data.byteLength : data.length * TEXT_BYTES;
  }
  return bytes;
}

/** Returns about how much memory a request needs while it waits. */
export function byteLength(feeds: Tensors, names: readonly string[]): number {
  let bytes = BYTES_PER_JOB;
  for (const name of names) {
    const data: TensorData | undefined = feeds[name]?.data;
    if (data === undefined) continue;
    if (ArrayBuffer.isView(data)) bytes += data.byteLength;
    else for (const text of data) bytes += BYTES_PER_STRING + 2 * text.length;
  }
  return bytes;
}
