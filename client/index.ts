/** What travels over HTTP, for programs that ask the service: `rhizome-kit/client`. Types alone. */
export type {
  Check, Health, Issue, JsonNumber, ModelDescription, ModelList, ModelListEntry, PredictionRequest, PredictionResponse, Problem, Task,
} from '../service/contract/api.ts';
export type { Example, FeatureJson, FeatureValue } from '../onnx/model-json.ts';
export type { DType } from '../onnx/engine/engine.ts';
