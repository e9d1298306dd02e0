/** The client library for callers of the service, `rhizome-kit/client`. It needs nothing but `fetch`. */
export { createClient, type Client, type InferOptions, type ModelOptions, type RequestOptions } from './client.ts';
export { InvalidTensor, RhizomeError, ServiceProblem, TimedOut, UnexpectedResponse, Unreachable } from './errors.ts';
export type { ImageFile } from './images.ts';
export type { InferParameters, InferRequest, InferResponse } from './inference.ts';
export type {
  AnyModels,
  AnyPrediction,
  Columns,
  Features,
  ModelMap,
  ModelName,
  ModelTypes,
  Prediction,
} from './models.ts';
export type { Datatype, Float16Data, InferInput, InferOutput, TensorData } from './tensors.ts';
export type { CallOptions, ClientOptions } from './transport.ts';
/** The bodies of requests and responses. */
export type {
  Check,
  Health,
  Issue,
  JsonNumber,
  ModelDescription,
  ModelList,
  ModelListEntry,
  PredictionRequest,
  PredictionResponse,
  Problem,
  Task,
} from '../service/contract/api.ts';
export type { ProblemCode } from '../service/contract/problem-codes.ts';
export type { ModelMetadata, ServerMetadata, TensorMetadata } from '../service/contract/inference.ts';
export type { Scalar } from '../onnx/signature/dtypes.ts';
export type { DistributionJson } from '../onnx/signature/distribution.ts';
export type { Example, FeatureJson, FeatureValue, OutputValue } from '../onnx/signature/model-json.ts';
export type { DType } from '../onnx/engine/engine.ts';
