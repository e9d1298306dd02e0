/** For programs that ask the service: `rhizome-kit/client`. Needs nothing but `fetch`. */
export { createClient, type Client, type InferOptions, type ModelOptions } from './client.ts';
export { InvalidTensor, RhizomeError, ServiceProblem, TimedOut, UnexpectedAnswer, Unreachable } from './errors.ts';
export type { InferRequest, InferResponse, Parameters } from './inference.ts';
export type { AnyModels, AnyPrediction, Columns, ModelMap, ModelTypes } from './models.ts';
export type { Datatype, Halves, InferInput, InferOutput, TensorData } from './tensors.ts';
export type { CallOptions, ClientOptions } from './transport.ts';
/** What travels over HTTP. */
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
export type { ModelMetadata, ServerMetadata, TensorMetadata } from '../service/contract/inference.ts';
export type { Example, FeatureJson, FeatureValue } from '../onnx/signature/model-json.ts';
export type { DType } from '../onnx/engine/engine.ts';
