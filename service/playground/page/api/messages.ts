/** What the page asks of the service, and what it gets. */
import type { PredictionResponse } from '../../../contract/api.ts';

/** One version of a model. */
export interface ModelVersion {
  readonly name: string;
  readonly version: string;
}

/** The features of one row, by name. */
export type Row = Readonly<Record<string, unknown>>;

/** The response to a request for predictions. */
export interface Answer {
  readonly predictions: readonly PredictionResponse[];
  /** The body as it came. */
  readonly text: string;
  readonly roundTripMs: number;
  /** Undefined if the response does not say. */
  readonly serviceMs: number | undefined;
  /** The pod that responded. Undefined if the response does not say. */
  readonly replica: string | undefined;
}

/** What the page needs to know of the service, besides its models. */
export interface Settings {
  readonly metrics: boolean;
  readonly docs: boolean;
  readonly version: string;
}
