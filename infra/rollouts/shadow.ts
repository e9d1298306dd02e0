import { Construct } from 'constructs';
import { PredictionService } from '../constructs/prediction-service.ts';
import { shadowName } from '../metadata/names.ts';
import { findMistypedProps } from '../props/checks/types.ts';
import { InvalidPropsError } from '../props/invalid-props-error.ts';
import { variantProps } from './overrides.ts';
import { checkShadow, shadowTypes, type ShadowProps } from './shadow-props.ts';

/**
 * Pods that run another image, other settings or other models than those of a service, and get copies of its requests.
 * Clients never get their answers: the service compares them with its own, and counts the differences. They have a
 * Deployment of their own, `<name>-shadow`, to which only the pods of the service may connect.
 *
 * A gateway could mirror requests too, but throws the answers away, so nobody could count.
 *
 * @explains Deployment/*-shadow
 * @without Clients are the first to see how the answers of a new version differ.
 * @throws {InvalidPropsError} if a prop would not work on a cluster
 */
export class Shadow extends Construct {
  /** The shadow's own objects. */
  readonly pods: PredictionService;

  constructor(scope: Construct, id: string, props: ShadowProps) {
    super(scope, id);
    const mistyped = findMistypedProps(props, { ...shadowTypes, service: 'object' }, ['service']);
    if (mistyped.length > 0) throw new InvalidPropsError('Shadow', mistyped);
    const { service, replicas = 1, ...overrides } = props;
    const { name } = service.resolved;
    const invalid = [...checkShadow(props)];
    if (invalid.length > 0) throw new InvalidPropsError(`Shadow of '${name}'`, invalid);

    this.pods = new PredictionService(
      this,
      'pods',
      variantProps(service.given, {
        ...overrides,
        name: shadowName(name),
        replicas,
        allowFrom: [{ podSelector: { matchLabels: service.podLabels } }],
      }),
      { of: name, kind: 'shadow' },
    );
  }
}
