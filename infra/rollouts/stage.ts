import type { PredictionServiceProps } from '../props/prediction-service-props.ts';
import type { Rollout } from './rollout.ts';

/**
 * What `rhizome` makes of the canary of an environment: `hold` runs it without requests, `promote` gives the service
 * what the canary has, and `remove` leaves it out.
 */
export const canaryStages = ['hold', 'promote', 'remove'] as const;
export type CanaryStage = (typeof canaryStages)[number];

/** The environment variable that passes the stage to synthesis. */
export const canaryStageVariable = 'RHIZOME_CANARY';

/** Returns the props of an environment at a stage. Without a canary, they stay as they are. */
export function atStage<Props extends PredictionServiceProps & { readonly rollout?: Rollout }>(
  props: Props,
  stage: CanaryStage | undefined,
): Props {
  const { canary, ...others } = props.rollout ?? {};
  if (canary === undefined || stage === undefined) return props;
  if (stage === 'hold') return { ...props, rollout: { ...others, canary: { ...canary, traffic: false } } };
  const { weight: _, split: _split, replicas: _replicas, traffic: _traffic, ...overrides } = canary;
  return { ...props, ...(stage === 'promote' && overrides), rollout: others };
}
