import { metrics } from '../../service/contract/index.ts';
import type { InvalidProp } from '../props/invalid-props-error.ts';

/** How far values may drift from the training data before someone is told. */
export interface DriftLimits {
  /**
   * Share of a feature's values that may be outside its range or choices. Above 0, below 1.
   * @default 0.05
   */
  readonly outside?: number;
  /**
   * The population stability index that a feature, or the predictions, may reach. Above 0. By a common rule, the
   * distribution has changed somewhat above 0.1, and so much above 0.25 that someone should look.
   * @default 0.25
   */
  readonly stabilityIndex?: number;
}

/** By a common rule, a distribution has changed somewhat above this index... */
export const someDrift = 0.1;
/** ...and much above this one. */
export const muchDrift = 0.25;
export const defaultOutside = 0.05;

/** The share that an empty bin counts as, since the logarithm of 0 is infinite. */
const leastShare = 0.0001;

/** What drifts: features, or predictions. */
export type Drifting = 'features' | 'predictions';

const series = {
  features: { values: metrics.featureValues, training: metrics.featureTrainingShare, by: 'model, version, feature' },
  predictions: { values: metrics.predictions, training: metrics.predictionsTrainingShare, by: 'model, version' },
} as const satisfies Readonly<Record<Drifting, object>>;

/** Returns the expression for the number of values that were counted in a window. */
export function counted(what: Drifting, matchers: string, window: string): string {
  const { values, by } = series[what];
  return `sum by (${by}) (increase(${values}{${matchers}}[${window}]))`;
}

/** Returns the expression for the share of each feature's values outside its range or choices. */
export function outsideShare(matchers: string, window: string): string {
  const { by } = series.features;
  return (
    `sum by (${by}) (increase(${metrics.featureValues}{${matchers},state="outside"}[${window}]))\n` +
    `/\n(${counted('features', matchers, window)} > 0)`
  );
}

/** Returns the expression for the share of each prediction that occurs. */
export function predictedShares(matchers: string, window: string): string {
  const by = 'model, bin';
  const rate = `rate(${metrics.predictions}{${matchers}}[${window}])`;
  return `sum by (${by}) (${rate})\n/ on (model) group_left ()\n(sum by (model) (${rate}) > 0) > 0`;
}

/**
 * Returns the expression for the population stability index of features, or of predictions: the sum over all bins of
 * (p − q) × ln(p / q), where p is the share of a bin in the window, and q its share in the training data.
 */
export function stabilityIndex(what: Drifting, matchers: string, window: string): string {
  const { values, training, by } = series[what];
  const rate = `rate(${values}{${matchers}}[${window}])`;
  const now =
    `clamp_min(sum by (${by}, bin) (${rate}) ` +
    `/ on (${by}) group_left () (sum by (${by}) (${rate}) > 0), ${leastShare})`;
  const then = `clamp_min(max by (${by}, bin) (${training}{${matchers}}), ${leastShare})`;
  return `sum by (${by}) (\n  (${now} - ${then})\n  * ln(${now} / ${then})\n)`;
}

/** Returns the limits with which an alert would always or never fire. */
export function* findInvalidDriftLimits({ outside, stabilityIndex }: Required<DriftLimits>): Generator<InvalidProp> {
  if (!(outside > 0 && outside < 1)) {
    const fix = 'Use a share above 0 and below 1, such as 0.05 for 5 %.';
    yield { prop: 'drift.outside', value: outside, reason: 'is not a valid share', fix };
  }
  if (!(stabilityIndex > 0 && Number.isFinite(stabilityIndex))) {
    const fix = `Use a number above 0, such as ${muchDrift}.`;
    yield { prop: 'drift.stabilityIndex', value: stabilityIndex, reason: 'is not a valid index', fix };
  }
}
