import type { Construct } from 'constructs';
import { ApiObject, JsonPatch } from 'cdk8s';
import { Namespace } from 'cdk8s-plus-27';
import { objectLabels } from '../metadata/labels.ts';

/** The oldest supported version: its rules are enforced, so that the upgrade of a cluster does not refuse pods. */
const enforcedVersion = 'v1.30';

/** Props of RestrictedNamespace. */
export interface RestrictedNamespaceProps {
  /** Name of the Namespace. Lower-case letters, digits and dashes, at most 63 characters. */
  readonly name: string;
}

/**
 * A Namespace that only runs pods that meet the Pod Security Standard "restricted", as Kubernetes 1.30 defines it. Pods
 * that violate rules of newer versions cause a warning and an audit entry.
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
    // cdk8s-plus-27 writes an empty spec.
    ApiObject.of(this).addJsonPatch(JsonPatch.remove('/spec'));
  }
}
