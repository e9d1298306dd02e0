import type { PredictionRequest, PredictionResponse } from '../service/contract/api.ts';

/** What one model takes and gives. */
export interface ModelTypes {
  readonly features: object;
  readonly prediction: object;
}

/** By the models' names, as the interface `Models` that `rhizome types` writes. */
export type ModelMap<M> = { readonly [N in keyof M]: ModelTypes };

/** Where nothing is known of the models. */
export type AnyModels = Readonly<
  Record<string, { readonly features: PredictionRequest; readonly prediction: AnyPrediction }>
>;

export interface AnyPrediction extends Omit<PredictionResponse, 'probabilities' | 'score'> {
  readonly probabilities?: Readonly<Record<string, number>>;
  readonly score?: number;
}

export type ModelName<M> = keyof M & string;
export type Features<M extends ModelMap<M>, N extends ModelName<M> = ModelName<M>> = M[N]['features'];
export type Prediction<M extends ModelMap<M>, N extends ModelName<M> = ModelName<M>> = M[N]['prediction'];

/** Of each feature the values of all rows, as data frames have them. */
export interface Columns<F> {
  readonly columns: { readonly [Name in keyof F]: readonly F[Name][] };
}
