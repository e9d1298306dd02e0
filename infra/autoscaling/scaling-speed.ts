import type { k8s } from 'cdk8s-plus-27';
import { int32 } from '../props/checks/numbers.ts';
import type { PropTypes } from '../props/checks/types.ts';
import type { InvalidProp } from '../props/invalid-props-error.ts';

/** How fast an autoscaler changes the number of pods in one direction. */
export interface ScalingSpeed {
  /**
   * Pods that may be added or removed in one period. A whole number, 1 or more. The larger of `pods` and `percent`
   * counts.
   * @default 4 to scale up, 1 to scale down
   */
  readonly pods?: number;

  /**
   * Percent of the pods that may be added or removed in one period. A whole number, 1 or more.
   * @default 100 to scale up, 10 to scale down
   */
  readonly percent?: number;

  /**
   * Seconds of a period. 1 or more, at most 1800.
   * @default 15 to scale up, 60 to scale down
   */
  readonly periodSeconds?: number;

  /**
   * Seconds for which the need for fewer pods (or more) must last before the number changes. 0 or more, at most 3600.
   * @default 0 to scale up, 300 to scale down
   */
  readonly stabilizationSeconds?: number;
}

/** How fast an autoscaler adds pods and removes them. */
export interface ScalingSpeeds {
  /**
   * How fast pods are added.
   * @default at once: 4 pods or twice as many, whichever is more, every 15 seconds
   * @explains HorizontalPodAutoscaler.spec.behavior.scaleUp.**
   * @explains ScaledObject.spec.advanced.horizontalPodAutoscalerConfig.behavior.scaleUp.**
   * @without Kubernetes' defaults apply, which are the same; the manifest does not show them.
   * @setBy Autoscaling.scaleUp
   * @setBy KedaAutoscaling.scaleUp
   */
  readonly scaleUp?: ScalingSpeed;

  /**
   * How fast pods are removed.
   * @default after 5 minutes in which fewer were enough: one pod or a tenth of them, whichever is more, every minute
   * @explains HorizontalPodAutoscaler.spec.behavior.scaleDown.**
   * @explains ScaledObject.spec.advanced.horizontalPodAutoscalerConfig.behavior.scaleDown.**
   * @without After five minutes, Kubernetes removes all pods that are too many at once: the next wave finds too few.
   * @setBy Autoscaling.scaleDown
   * @setBy KedaAutoscaling.scaleDown
   */
  readonly scaleDown?: ScalingSpeed;
}

const speed: PropTypes<ScalingSpeed> = {
  pods: 'number',
  percent: 'number',
  periodSeconds: 'number',
  stabilizationSeconds: 'number',
};

/** The type of each speed, for `findMistypedProps`. */
export const scalingSpeeds: PropTypes<ScalingSpeeds> = { scaleUp: speed, scaleDown: speed };

const defaults: Readonly<Record<keyof ScalingSpeeds, Required<ScalingSpeed>>> = {
  scaleUp: { pods: 4, percent: 100, periodSeconds: 15, stabilizationSeconds: 0 },
  scaleDown: { pods: 1, percent: 10, periodSeconds: 60, stabilizationSeconds: 300 },
};

/** The bounds that the API server checks. */
const bounds: Readonly<Record<keyof ScalingSpeed, readonly [least: number, most: number]>> = {
  pods: [1, int32],
  percent: [1, int32],
  periodSeconds: [1, 1800],
  stabilizationSeconds: [0, 3600],
};

/** Checks the speeds in both directions. */
export function* checkSpeeds(speeds: ScalingSpeeds): Generator<InvalidProp> {
  for (const direction of ['scaleUp', 'scaleDown'] as const) {
    for (const [field, [least, most]] of Object.entries(bounds) as [keyof ScalingSpeed, readonly [number, number]][]) {
      const value = speeds[direction]?.[field];
      if (value === undefined || (Number.isInteger(value) && value >= least && value <= most)) continue;
      const fix = `Use a whole number from ${least} to ${most}.`;
      yield { prop: `${direction}.${field}`, value, reason: 'is out of range', fix };
    }
  }
}

/** Returns the behavior of a HorizontalPodAutoscaler. Every field is set, so that the manifest shows what happens. */
export function scalingBehavior(speeds: ScalingSpeeds): k8s.HorizontalPodAutoscalerBehaviorV2 {
  const rules = (direction: keyof ScalingSpeeds): k8s.HpaScalingRulesV2 => {
    const own = speeds[direction];
    const preset = defaults[direction];
    const periodSeconds = own?.periodSeconds ?? preset.periodSeconds;
    return {
      stabilizationWindowSeconds: own?.stabilizationSeconds ?? preset.stabilizationSeconds,
      selectPolicy: 'Max',
      policies: [
        { type: 'Pods', value: own?.pods ?? preset.pods, periodSeconds },
        { type: 'Percent', value: own?.percent ?? preset.percent, periodSeconds },
      ],
    };
  };
  return { scaleUp: rules('scaleUp'), scaleDown: rules('scaleDown') };
}
