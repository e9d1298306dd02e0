/**
 * The messages of proto/inference.proto as the loader decodes them: a missing field is undefined, an int64 is a string.
 */

export interface InferTensorContents {
  readonly bool_contents?: readonly boolean[];
  readonly int_contents?: readonly number[];
  readonly int64_contents?: readonly string[];
  readonly uint_contents?: readonly number[];
  readonly uint64_contents?: readonly string[];
  readonly fp32_contents?: readonly number[];
  readonly fp64_contents?: readonly number[];
  readonly bytes_contents?: readonly Uint8Array[];
}

export interface WireTensor {
  readonly name?: string;
  readonly datatype?: string;
  readonly shape?: readonly string[];
  readonly contents?: InferTensorContents;
}

export interface ModelInferRequest {
  readonly model_name?: string;
  readonly model_version?: string;
  readonly id?: string;
  readonly inputs?: readonly WireTensor[];
  readonly outputs?: readonly { readonly name?: string }[];
  readonly raw_input_contents?: readonly Uint8Array[];
}

export interface ModelInferResponse {
  readonly model_name: string;
  readonly model_version: string;
  readonly id?: string;
  readonly outputs: readonly WireTensor[];
  readonly raw_output_contents?: readonly Uint8Array[];
}

/** The request of ModelReady and ModelMetadata. */
export interface ModelRequest {
  readonly name?: string;
  readonly version?: string;
}

export interface RepositoryIndexRequest {
  readonly ready?: boolean;
}
