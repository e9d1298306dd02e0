import type { Construct } from 'constructs';
import { ApiObject, JsonPatch } from 'cdk8s';
import { Namespace } from 'cdk8s-plus-27';
import { objectLabels, restrictedLabels } from '../metadata/labels.ts';
import { patchAsWritten } from '../metadata/patches.ts';

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
 * @explains Namespace
 * @without The namespace must exist before the manifests are applied.
 * @setBy createNamespace
 */
export class RestrictedNamespace extends Namespace {
  constructor(scope: Construct, id: string, props: RestrictedNamespaceProps) {
    super(scope, id, {
      metadata: {
        name: props.name,
        labels: { ...objectLabels(props.name), ...restrictedLabels },
      },
    });
    const object = ApiObject.of(this);
    // cdk8s-plus-27 writes an empty spec.
    object.addJsonPatch(JsonPatch.remove('/spec'));
    patchAsWritten(object);
  }
}
