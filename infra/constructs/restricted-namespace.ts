import type { Construct } from 'constructs';
import { ApiObject, JsonPatch } from 'cdk8s';
import { Namespace } from 'cdk8s-plus-27';
import { objectLabels } from '../metadata/labels.ts';

/** Pods are refused by the rules of this version, the oldest that is supported, so that a cluster's upgrade refuses nothing. */
const enforcedVersion = 'v1.30';

export interface RestrictedNamespaceProps {
  /** Name of the Namespace; a DNS label. */
  readonly name: string;
}

/**
 * A Namespace in which only pods of the Pod Security Standard "restricted" run. Rules that newer versions add are warned
 * of and audited.
 *
 * @see https://kubernetes.io/docs/concepts/security/pod-security-admission/
 */
export class RestrictedNamespace extends Namespace {
  constructor(scope: Construct, id: string, props: RestrictedNamespaceProps) {
    super(scope, id, {
      metadata: {
        name: props.name,
        labels: {
          ...objectLabels(props.name),
          'pod-security.kubernetes.io/enforce': 'restricted',
          'pod-security.kubernetes.io/enforce-version': enforcedVersion,
          'pod-security.kubernetes.io/warn': 'restricted',
          'pod-security.kubernetes.io/warn-version': 'latest',
          'pod-security.kubernetes.io/audit': 'restricted',
          'pod-security.kubernetes.io/audit-version': 'latest',
        },
      },
    });
    ApiObject.of(this).addJsonPatch(JsonPatch.remove('/spec')); // an empty one, which says nothing
  }
}
