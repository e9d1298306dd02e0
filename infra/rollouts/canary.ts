import { Construct } from 'constructs';
import { PredictionService } from '../constructs/prediction-service.ts';
import { shareAnnotation } from '../metadata/annotations.ts';
import { canaryName } from '../metadata/names.ts';
import { findMistypedProps } from '../props/checks/types.ts';
import { InvalidPropsError } from '../props/invalid-props-error.ts';
import { canaryTypes, checkShare, type CanaryProps } from './canary-props.ts';
import { variantProps } from './overrides.ts';
import { nearestShare } from './share.ts';

/**
 * Pods that run another image, other settings or other models than those of a service, and get a share of its requests.
 * They have a Deployment of their own, `<name>-canary`, with its own disruption budget, NetworkPolicy, spread and
 * Service; the objects of the service stay as they are, except that its Service also selects the pods of the canary.
 *
 * @explains Deployment/*-canary
 * @without A new version gets all requests at once, and its errors reach every client.
 * @throws {InvalidPropsError} if a prop would not work on a cluster
 */
export class Canary extends Construct {
  /** The canary's own objects. */
  readonly pods: PredictionService;
  /** The share of the requests that the canary gets, in percent: 0 without `traffic`. */
  readonly percent: number;
  /** What the share is a share of, as in: 10 % of the connections, with 1 of 10 pods. */
  readonly split: 'pods' | 'gateway';

  constructor(scope: Construct, id: string, props: CanaryProps) {
    super(scope, id);
    const mistyped = findMistypedProps(props, { ...canaryTypes, service: 'object' }, ['service', 'weight']);
    if (mistyped.length > 0) throw new InvalidPropsError('Canary', mistyped);
    const { service, weight, split = 'pods', replicas, traffic = true, ...overrides } = props;
    const { name } = service.resolved;
    const invalid = [...checkShare(props)];
    if (invalid.length > 0) throw new InvalidPropsError(`Canary of '${name}'`, invalid);

    const byPods = nearestShare(service.resolved.replicas, weight);
    const count = split === 'pods' ? byPods.pods : (replicas ?? Math.ceil((service.resolved.replicas * weight) / 100));
    this.percent = !traffic ? 0 : split === 'pods' ? byPods.percent : weight;
    this.split = split;
    this.pods = new PredictionService(
      this,
      'pods',
      variantProps(service.given, { ...overrides, name: canaryName(name), replicas: Math.max(1, count) }),
      { of: name, kind: 'canary' },
    );
    this.pods.deployment.metadata.addAnnotation(shareAnnotation, String(this.percent));
    service.split = { by: split, weight: traffic ? weight : 0, pods: this.pods };
  }
}

/** Describes which share of the requests a canary gets, and why. */
export function describeShare({ percent, split, pods: { resolved } }: Canary): string {
  const pods = `${resolved.replicas} ${resolved.replicas === 1 ? 'pod' : 'pods'}`;
  if (percent === 0) return `the canary runs in ${pods} and gets no requests`;
  return split === 'pods'
    ? `the canary gets ${percent} % of the connections: it has ${pods}`
    : `the canary gets ${percent} % of the requests that come through the gateway, in ${pods}`;
}
