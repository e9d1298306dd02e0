/** Bodies of the HTTP API, as the service writes them and a client reads them. */
import type { DType } from '../../onnx/engine/engine.ts';
import type {
  Example,
  FeatureJson,
  FeatureValue,
  ModelJson,
  OutputValue,
  TaskName,
} from '../../onnx/signature/model-json.ts';
import type { TensorSpec } from '../../onnx/signature/tensor-spec.ts';

/** JSON has no NaN and no infinities: they travel as their names. */
export type JsonNumber = number | 'NaN' | 'Infinity' | '-Infinity';

/** One row for `POST /predictions`, by the features' names; several rows are an array of them, or a table. */
export type PredictionRequest = Readonly<Record<string, FeatureValue>>;

/** Several rows by column, as a data frame has them: each feature's values in one order. */
export interface PredictionTable {
  readonly columns: Readonly<Record<string, readonly FeatureValue[]>>;
}

/** The answer for one row; for an array of rows they come in an array, in the same order. */
export interface PredictionResponse {
  /** A class's name, a regressor's number, or -1 or 1 of an anomaly detector; one that JSON lacks as `JsonNumber` has it. */
  readonly prediction?: string | number;
  /** By class; they add up to about 1. */
  readonly probabilities?: Readonly<Record<string, JsonNumber>>;
  /** Of an anomaly detector: the lower, the more of an anomaly. */
  readonly score?: JsonNumber;
  /** Of a model that gives tensors: by the output's name, nested arrays. */
  readonly outputs?: Readonly<Record<string, OutputValue>>;
  readonly model: { readonly name: string; readonly version: string };
  /** Values outside their valid range. */
  readonly warnings?: readonly Issue[];
}

/** One bad place in the input. */
export interface Issue {
  /** JSON Pointer as a URI fragment (RFC 6901): `#/1/petal_width`. */
  readonly pointer: string;
  readonly detail: string;
  readonly value?: unknown;
  readonly expected?: string;
}

/** Every error's body, `application/problem+json` (RFC 9457). */
export interface Problem {
  /** `urn:problem-type:rhizome:` and a code, as `invalid-input`. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** For `invalid-input`: every field that is wrong. */
  readonly errors?: readonly Issue[];
}

/** `GET /models`. */
export interface ModelList {
  /** The model that `POST /predictions` is for; none where there are several and DEFAULT_MODEL names none. */
  readonly default?: string;
  readonly models: readonly ModelListEntry[];
}

/** One version of a model. */
export type ModelListEntry = {
  readonly name: string;
  readonly version: string;
  /** Whether a request that names the model but no version gets this one: the highest. */
  readonly default: boolean;
} & (
  | { readonly state: 'loading' }
  | { readonly state: 'failed'; readonly reason: string }
  | {
      readonly state: 'loaded';
      readonly task: Task;
      /** Whether readiness reproduces examples of it. */
      readonly verified: boolean;
      readonly load_seconds: number;
    }
);

export type Task = TaskName;

/** `GET /models/{name}`, of a version too: what the model takes and gives, in the words of its author. */
export interface ModelDescription {
  readonly name: string;
  readonly version: string;
  readonly description?: string;
  readonly task: Task;
  readonly verified: boolean;
  readonly features: readonly FeatureDescription[];
  /** Of a classifier. */
  readonly classes?: readonly string[];
  /** The graph's own tensors, which the Open Inference Protocol takes and gives. */
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  /** JSON Schema, 2020-12, of one row for `POST …/predictions`. */
  readonly input_schema: Readonly<Record<string, unknown>>;
  /** A recorded example, else one that is made up; none where it would be thousands of numbers. */
  readonly example?: Example;
  readonly metrics: NonNullable<ModelJson['metrics']>;
  readonly examples: readonly Example[];
}

export interface FeatureDescription extends FeatureJson {
  readonly dtype: DType;
  /** Of its nested arrays; [] is a single value. A dynamic dimension is its symbol, or '' where it has none. */
  readonly shape: readonly (number | string)[];
}

/** `GET /readyz`, with status 200 or 503. `GET /livez` has no checks. */
export interface Health {
  readonly status: 'live' | 'ready' | 'not ready';
  readonly checks?: readonly Check[];
}

/** One thing that has to hold before the service is ready. */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  /** It will not hold before the process is started again: waiting does not help. */
  readonly final?: true;
}
