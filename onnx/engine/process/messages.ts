import { arrayTypes } from '../array-types.ts';
import {
  EngineError,
  type DType,
  type EngineErrorCode,
  type ExecutionProvider,
  type Tensor,
  type TensorData,
  type TensorInfo,
} from '../engine.ts';

/** A tensor in a frame; its data is the part with the same index. */
export type DescribedTensor = readonly [name: string, dtype: DType, shape: readonly number[], parts?: Tensor['parts']];

/** The first message to an inference process. Its parts are the model and its files. */
export interface LoadRequest {
  readonly threads: number;
  /** The paths of external data, as the model writes them. */
  readonly externalData: readonly string[];
  readonly provider: ExecutionProvider;
  /** See `ProcessOptions`. */
  readonly mostOutputBytes: number | undefined;
}

export interface LoadResponse {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
}

/** Every later message. */
export interface RunRequest {
  readonly feeds: readonly DescribedTensor[];
  readonly fetches: readonly string[];
}

export interface RunResponse {
  readonly outputs: readonly DescribedTensor[];
}

export interface ErrorResponse {
  readonly error: { readonly code: EngineErrorCode; readonly reason: string; readonly cause: string | undefined };
}

/** Describes tensors for a header, and returns their bytes as the parts. Only strings are copied. */
export function toParts(tensors: Readonly<Record<string, Tensor>>): {
  readonly described: DescribedTensor[];
  readonly parts: Uint8Array[];
} {
  const described: DescribedTensor[] = [];
  const parts: Uint8Array[] = [];
  for (const [name, { dtype, shape, data, parts: shapes }] of Object.entries(tensors)) {
    described.push(shapes === undefined ? [name, dtype, shape] : [name, dtype, shape, shapes]);
    parts.push(
      ArrayBuffer.isView(data)
        ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
        : Buffer.from(JSON.stringify(data)),
    );
  }
  return { described, parts };
}

/** Returns the tensors that `toParts` described. They are views of the parts. */
export function fromParts(described: readonly DescribedTensor[], parts: readonly Uint8Array[]): Record<string, Tensor> {
  return Object.fromEntries(
    described.map(([name, dtype, shape, shapes], index) => [
      name,
      {
        dtype,
        shape,
        data: toData(dtype, parts[index] ?? new Uint8Array()),
        ...(shapes !== undefined && { parts: shapes }),
      },
    ]),
  );
}

function toData(dtype: DType, { buffer, byteOffset, byteLength }: Uint8Array): TensorData {
  if (dtype === 'string') return JSON.parse(Buffer.from(buffer, byteOffset, byteLength).toString()) as string[];
  const ArrayType = arrayTypes[dtype];
  return new ArrayType(buffer as ArrayBuffer, byteOffset, byteLength / ArrayType.BYTES_PER_ELEMENT);
}

/** Describes an error for a response. What an engine throws besides EngineError is a fault in this code. */
export function toErrorResponse(error: unknown): ErrorResponse {
  const { code, reason, cause } =
    error instanceof EngineError ? error : new EngineError('run-failed', String(error), { cause: error });
  return { error: { code, reason, cause: cause instanceof Error ? cause.message : undefined } };
}

/** Returns the error that `toErrorResponse` described. */
export function fromErrorResponse({ error: { code, reason, cause } }: ErrorResponse): EngineError {
  return new EngineError(code, reason, cause === undefined ? {} : { cause: new Error(cause) });
}
