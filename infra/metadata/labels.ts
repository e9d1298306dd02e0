/** Labels of a Kubernetes object: value by key. */
export type Labels = Readonly<Record<string, string>>;

/** The label that distinguishes the objects of one service from all others in the namespace. */
export const instanceLabel = 'app.kubernetes.io/instance';

const longestLabelValue = 63;

/** The label with the name of the application, which the objects of a service share with those of its variants. */
export const applicationLabel = 'app.kubernetes.io/name';

/**
 * The label that says what a variant is. The objects of the service itself do not have it.
 *
 * @explains *.metadata.labels["app.kubernetes.io/component"]
 * @explains Deployment.spec.template.metadata.labels["app.kubernetes.io/component"]
 * @without `rhizome status` shows the variant as one more service, and `promote` finds no canary.
 */
export const componentLabel = 'app.kubernetes.io/component';

/** What pods are that run beside those of a service, and differ from them. */
export interface Variant {
  /** Name of the service. */
  readonly of: string;
  /** A canary gets a share of the service's requests, a shadow gets copies of them. */
  readonly kind: 'canary' | 'shadow';
}

/**
 * Returns the labels that selectors match. They never include anything that changes with a version: a Deployment's
 * selector is immutable, and a Service that selected a version would lose its pods in the middle of a rollout.
 *
 * The pods of a canary have the application's name, so that one Service can select them together with those of the
 * service, which have been running since before there was a canary. No Service may select those of a shadow.
 */
export function selectorLabels(name: string, variant?: Variant): Labels {
  return {
    /**
     * The application, which the objects of a service share with those of its canary and its shadow.
     *
     * @explains *.metadata.labels["app.kubernetes.io/name"]
     * @explains Deployment.spec.template.metadata.labels["app.kubernetes.io/name"]
     * @without On pods, selectors find none; elsewhere, `rhizome down` leaves the object.
     * @setBy name
     */
    [applicationLabel]: variant?.kind === 'canary' ? variant.of : name,
    /**
     * The one service that the object belongs to, among all in the namespace.
     *
     * @explains *.metadata.labels["app.kubernetes.io/instance"]
     * @explains Deployment.spec.template.metadata.labels["app.kubernetes.io/instance"]
     * @without On pods, selectors find none; elsewhere, tools cannot tell the objects of two services apart.
     * @setBy name
     */
    [instanceLabel]: name,
  };
}

/**
 * Returns the recommended labels that every object of the service carries.
 *
 * @see https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/
 */
export function objectLabels(name: string, variant?: Variant): Labels {
  return {
    ...selectorLabels(name),
    ...(variant && { [applicationLabel]: variant.of, [componentLabel]: variant.kind }),
    /**
     * Rhizome creates and deletes the object.
     *
     * @explains *.metadata.labels["app.kubernetes.io/managed-by"]
     * @explains Deployment.spec.template.metadata.labels["app.kubernetes.io/managed-by"]
     * @without `rhizome up` does not delete the object once the manifests no longer have it, and `down` leaves it.
     */
    'app.kubernetes.io/managed-by': 'rhizome',
  };
}

/**
 * Returns the labels of the Deployment and its pods: those of every object, and the version.
 *
 * @param tag the image's tag, which is the version; left out if it is not a valid label value
 */
export function workloadLabels(name: string, tag: string | undefined, variant?: Variant): Labels {
  const fits = tag !== undefined && tag.length <= longestLabelValue && /[A-Za-z0-9]$/.test(tag);
  return {
    ...objectLabels(name, variant),
    /**
     * The image's tag, to see with `kubectl get pods --label-columns` which version a pod runs.
     *
     * @explains Deployment.metadata.labels["app.kubernetes.io/version"]
     * @explains Deployment.spec.template.metadata.labels["app.kubernetes.io/version"]
     * @without Dashboards and `kubectl` cannot show the version. No selector depends on it.
     * @setBy image
     */
    ...(fits && { 'app.kubernetes.io/version': tag }),
  };
}

/**
 * The oldest supported version: its rules are enforced, so that the upgrade of a cluster does not refuse pods.
 *
 * @explains Namespace.metadata.labels["pod-security.kubernetes.io/enforce-version"]
 * @without The rules are those of the cluster's version: an upgrade could refuse pods that ran before.
 */
const enforcedVersion = 'v1.30';

/**
 * The labels that make a namespace refuse pods that violate the Pod Security Standard "restricted" of Kubernetes 1.30,
 * and warn about those that violate its newest version.
 */
export const restrictedLabels: Labels = {
  /**
   * Refuses pods that violate the Pod Security Standard "restricted": root, host folders, privileges.
   *
   * @explains Namespace.metadata.labels["pod-security.kubernetes.io/enforce"]
   * @without The namespace accepts a pod that can take over its node.
   */
  'pod-security.kubernetes.io/enforce': 'restricted',
  'pod-security.kubernetes.io/enforce-version': enforcedVersion,
  /**
   * Warns whoever applies a pod that violates the newest version of the standard.
   *
   * @explains Namespace.metadata.labels["pod-security.kubernetes.io/warn"]
   * @explains Namespace.metadata.labels["pod-security.kubernetes.io/warn-version"]
   * @without Nobody learns that pods violate newer rules before these are enforced.
   */
  'pod-security.kubernetes.io/warn': 'restricted',
  'pod-security.kubernetes.io/warn-version': 'latest',
  /**
   * Records in the audit log of the API server which pods violate the newest version of the standard.
   *
   * @explains Namespace.metadata.labels["pod-security.kubernetes.io/audit"]
   * @explains Namespace.metadata.labels["pod-security.kubernetes.io/audit-version"]
   * @without Administrators cannot find these pods before the rules are enforced.
   */
  'pod-security.kubernetes.io/audit': 'restricted',
  'pod-security.kubernetes.io/audit-version': 'latest',
};
