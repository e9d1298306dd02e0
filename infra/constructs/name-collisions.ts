import { ApiObject, Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import { headlessName } from '../metadata/names.ts';
import type { InvalidProp } from '../props/invalid-props-error.ts';
import type { ResolvedProps } from '../props/resolved-props.ts';

/**
 * Finds out whether the Services of a new construct would have the name of one that is in the chart already: `iris` and
 * `iris-headless` would both have a Service `iris-headless`. Other charts do not count, since each may be another
 * environment.
 */
export function* findNameCollisions(
  construct: Construct,
  { name, namespace, grpc }: ResolvedProps,
): Generator<InvalidProp> {
  const names = grpc ? [name, headlessName(name)] : [name];
  const taken = Chart.of(construct)
    .node.findAll()
    .find(
      (other): other is ApiObject =>
        other instanceof ApiObject &&
        other.kind === 'Service' &&
        other.metadata.namespace === namespace &&
        names.includes(other.name),
    );
  if (taken === undefined) return;
  yield {
    prop: 'name',
    value: name,
    reason: `would create a second Service ${taken.name} in the namespace ${namespace}, beside ${taken.node.path}`,
    fix: 'Use another name or namespace.',
  };
}
