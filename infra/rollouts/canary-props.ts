import type { PredictionService } from '../constructs/prediction-service.ts';
import type { PropTypes } from '../props/checks/types.ts';
import type { InvalidProp } from '../props/invalid-props-error.ts';
import { overrideTypes, type Overrides } from './overrides.ts';
import { nearestShare, replicasFor } from './share.ts';

/** What a canary runs, and which share of the requests it gets. */
export interface CanaryOptions extends Overrides {
  /** The share of the requests that the canary gets, in percent: a whole number from 1 to 99. */
  readonly weight: number;

  /**
   * What divides the requests. `pods`: the Service, which distributes connections evenly over all pods, so the number
   * of pods decides the share. `gateway`: GatewayRoutes, by weight, which also balances single requests.
   * @default 'pods'
   */
  readonly split?: 'pods' | 'gateway';

  /**
   * Number of pods of the canary, 1 or more, for `split: 'gateway'`. Otherwise `weight` decides it.
   * @default the share of the `replicas` of the service, rounded up
   */
  readonly replicas?: number;

  /**
   * Whether the canary gets requests. If not, it runs, and can be tried with `kubectl port-forward`.
   * @default true
   */
  readonly traffic?: boolean;
}

/** Props of Canary. */
export interface CanaryProps extends CanaryOptions {
  /** The service that the canary gets requests of. */
  readonly service: PredictionService;
}

/** The type of each option, for `findMistypedProps`. */
export const canaryTypes: PropTypes<CanaryOptions> = {
  ...overrideTypes,
  weight: 'number',
  replicas: 'number',
  split: ['pods', 'gateway'],
  traffic: 'true or false',
};

/** How far the share may be from `weight`, in percent of all requests. */
const tolerance = 5;

/** Checks the share of a canary. */
export function* checkShare(props: CanaryProps): Generator<InvalidProp> {
  const { service, weight, split = 'pods', replicas } = props;
  const own = service.resolved.replicas;
  if (service.split !== undefined)
    yield { prop: 'service', value: service.resolved.name, reason: 'has a canary already', fix: 'Remove one of them.' };
  if (!(Number.isInteger(weight) && weight >= 1 && weight <= 99)) {
    const fix = 'Use a whole number from 1 to 99. For 100, promote the canary: rhizome promote.';
    yield { prop: 'weight', value: weight, reason: 'is not a share in percent', fix };
    return;
  }
  if (split === 'gateway') {
    if (service.hasRoutes) {
      const fix = 'Create the Canary before the GatewayRoutes.';
      yield { prop: 'split', value: split, reason: 'is too late for the routes that exist already', fix };
    }
    if (replicas === undefined || (Number.isInteger(replicas) && replicas >= 1)) return;
    const fix = 'Use a whole number, 1 or more, or leave it out.';
    yield { prop: 'replicas', value: replicas, reason: 'is not a number of pods that can get requests', fix };
    return;
  }
  if (replicas !== undefined) {
    const fix = "Leave it out, or set split to 'gateway'.";
    yield { prop: 'replicas', value: replicas, reason: 'has no effect: weight decides the number of pods', fix };
  }
  if (service.hasAutoscaler) {
    const fix = "Set split to 'gateway', and add GatewayRoutes.";
    const reason = 'is not a share that pods can have: an autoscaler changes the number of the others';
    yield { prop: 'weight', value: weight, reason, fix };
    return;
  }
  if (service.resolved.trafficDistribution !== undefined) {
    const fix = "Set split to 'gateway', and add GatewayRoutes, or remove trafficDistribution.";
    const reason = 'is not a share that pods can have: with trafficDistribution, connections stay in a zone';
    yield { prop: 'weight', value: weight, reason, fix };
    return;
  }
  const { pods, percent } = nearestShare(own, weight);
  if (own >= 1 && Math.abs(percent - weight) <= tolerance) return;
  yield {
    prop: 'weight',
    value: weight,
    reason: `is not a share that pods can have: ${pods} beside the ${own} of the service would get ${percent} %`,
    fix:
      `Set replicas of the service to ${replicasFor(weight)}, ` +
      `${own >= 1 && percent < 100 ? `use ${Math.round(percent)}, ` : ''}or set split to 'gateway', ` +
      'and add GatewayRoutes.',
  };
}
