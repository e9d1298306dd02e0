import { requireVersion } from '../kubernetes-version.ts';
import type { InvalidProp } from '../invalid-props-error.ts';
import type { ResolvedProps } from '../resolved-props.ts';

/** Checks that the target version of Kubernetes has what the props need. */
export function* checkVersions(props: ResolvedProps): Generator<InvalidProp> {
  const { hostUsers, trafficDistribution } = props;
  if (trafficDistribution !== undefined) {
    const minimum = trafficDistribution === 'PreferClose' ? '1.31' : '1.35';
    yield* requireVersion(props, minimum, 'trafficDistribution', trafficDistribution);
  }
  if (!hostUsers) yield* requireVersion(props, '1.33', 'hostUsers', hostUsers);
}
