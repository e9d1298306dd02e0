/**
 * The bodies of the HTTP API, as the service writes them and a client reads them. Their schemas are in `schemas.ts`.
 */
/* eslint-disable @typescript-eslint/no-empty-object-type -- a name for a derived type, for editors and the reference */
import type { Example, FeatureValue, ModelJson, OutputValue } from '../../onnx/signature/model-json.ts';
import type { FromSchema } from './json-schema.ts';
import type { apiSchemas } from './schemas.ts';

type Schemas = typeof apiSchemas;
/** The types of `model.json` have their own schema: `model.schema.json`. */
type FromModelJson = { Example: Example; Metrics: NonNullable<ModelJson['metrics']> };
type Bodies = {
  readonly [Name in keyof Schemas]: Name extends keyof FromModelJson
    ? FromModelJson[Name]
    : FromSchema<Schemas[Name], Bodies>;
};
type Body<Name extends keyof Bodies> = Bodies[Name];

/** A number. JSON has no NaN and no infinities: they are strings. */
export type JsonNumber = Bodies['Number'];

/**
 * One row for `POST /predictions`, by feature name. Several rows are an array of these, or a `PredictionTable`. The
 * schema depends on the model: it is `input_schema` of `ModelDescription`.
 */
export type PredictionRequest = Readonly<Record<string, FeatureValue>>;

/** Several rows by column, as in a data frame: the values of each feature, in the same order. */
export interface PredictionTable {
  readonly columns: Readonly<Record<string, readonly FeatureValue[]>>;
}

/** The prediction for one row. For an array of rows, the response is an array in the same order. */
export interface PredictionResponse {
  /** A class name (classifier), a number as in `JsonNumber` (regressor), or -1 or 1 (anomaly detector). */
  readonly prediction?: string | number;
  /** By class name. They add up to about 1. */
  readonly probabilities?: Readonly<Record<string, JsonNumber>>;
  /** By class name, in place of probabilities, from a classifier whose numbers are not a distribution. */
  readonly scores?: Readonly<Record<string, JsonNumber>>;
  /** Only for an anomaly detector: the lower, the more anomalous. */
  readonly score?: JsonNumber;
  /** Only for a model without one of these tasks: nested arrays by output name. */
  readonly outputs?: Readonly<Record<string, OutputValue>>;
  readonly model: { readonly name: string; readonly version: string };
  /** Values outside their valid range or choices. */
  readonly warnings?: readonly Issue[];
}

/** One invalid place in the input. */
export interface Issue extends Body<'Issue'> {}

/** The body of every error: `application/problem+json` (RFC 9457). */
export interface Problem extends Body<'Problem'> {}

/** The body of `GET /models`. */
export interface ModelList extends Body<'Models'> {}

/** One version of a model in `GET /models`. */
export type ModelListEntry = Bodies['ListedModel'];

/** What kind of model it is, which determines the shape of its predictions. */
export type Task = Bodies['Task'];

/** The body of `GET /models/{name}` and `GET /models/{name}/versions/{version}`. */
export interface ModelDescription extends Body<'Model'> {}

/** How the service runs a model. */
export interface ServingDescription extends Body<'Serving'> {}

/** One feature of a model. */
export interface FeatureDescription extends Body<'Feature'> {}

/** The body of `GET /readyz`, with status 200 or 503, and of `GET /livez`, which has no checks. */
export interface Health extends Body<'Health'> {}

/** A condition for readiness. */
export interface Check extends Body<'Check'> {}
