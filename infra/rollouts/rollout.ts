import type { PropTypes } from '../props/checks/types.ts';
import { canaryTypes, type CanaryOptions } from './canary-props.ts';
import { samplingTypes, shadowTypes, type Sampling, type ShadowOptions } from './shadow-props.ts';

/** What runs beside a service before it replaces it. */
export interface Rollout {
  /**
   * Pods that get a share of the requests.
   * @default none
   */
  readonly canary?: CanaryOptions;

  /**
   * Pods that get copies of requests, whose answers are compared and counted.
   * @default none
   */
  readonly shadow?: ShadowOptions & Sampling;
}

/** The type of each prop, for `findMistypedProps`. */
export const rolloutTypes: PropTypes<Rollout> = {
  canary: canaryTypes,
  shadow: { ...shadowTypes, ...samplingTypes },
};
