/** Messages of proto/inference.proto, as the loader makes them of bytes: a field that is not there is undefined, int64 is text. */

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

/** Of ModelReady and ModelMetadata. */
export interface ModelRequest {
  readonly name?: string;
  readonly version?: string;
}

export interface RepositoryIndexRequest {
  readonly ready?: boolean;
}
