import type { PredictionRequest, PredictionResponse } from '../service/contract/api.ts';

/** The types of one model's rows and predictions. */
export interface ModelTypes {
  readonly features: object;
  readonly prediction: object;
}

/** Types of models by their names, such as the interface `Models` that `rhizome types` writes. */
export type ModelMap<M> = { readonly [N in keyof M]: ModelTypes };

/** Used if the models' types are not known: accepts any model and any features. */
export type AnyModels = Readonly<
  Record<string, { readonly features: PredictionRequest; readonly prediction: AnyPrediction }>
>;

/** One row's prediction by a model whose types are not known. NaN and infinities are numbers here. */
export interface AnyPrediction extends Omit<PredictionResponse, 'probabilities' | 'scores' | 'score'> {
  /** A classifier's probability of each class, from 0 to 1. */
  readonly probabilities?: Readonly<Record<string, number>>;
  /** A classifier's score of each class, if these are not probabilities. */
  readonly scores?: Readonly<Record<string, number>>;
  /** An anomaly detector's score: the lower, the more anomalous. */
  readonly score?: number;
}

export type ModelName<M> = keyof M & string;
export type Features<M extends ModelMap<M>, N extends ModelName<M> = ModelName<M>> = M[N]['features'];
export type Prediction<M extends ModelMap<M>, N extends ModelName<M> = ModelName<M>> = M[N]['prediction'];

/** Several rows by column, as in a data frame: for each feature an array with the values of all rows. */
export interface Columns<F> {
  readonly columns: { readonly [Name in keyof F]: readonly F[Name][] };
}
