/** Labels of a Kubernetes object: value by key. */
export type Labels = Readonly<Record<string, string>>;

/** The label that distinguishes the objects of one service from all others in the namespace. */
export const instanceLabel = 'app.kubernetes.io/instance';

const longestLabelValue = 63;

/** The label with the name of the application, which the objects of a service share with those of its variants. */
export const applicationLabel = 'app.kubernetes.io/name';

/** The label that says what a variant is. The objects of the service itself do not have it. */
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
  return { [applicationLabel]: variant?.kind === 'canary' ? variant.of : name, [instanceLabel]: name };
}

/** Returns the recommended labels that every object of the service carries. */
export function objectLabels(name: string, variant?: Variant): Labels {
  return {
    ...selectorLabels(name),
    ...(variant && { [applicationLabel]: variant.of, [componentLabel]: variant.kind }),
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
  return { ...objectLabels(name, variant), ...(fits && { 'app.kubernetes.io/version': tag }) };
}

/** The oldest supported version: its rules are enforced, so that the upgrade of a cluster does not refuse pods. */
const enforcedVersion = 'v1.30';

/**
 * The labels that make a namespace refuse pods that violate the Pod Security Standard "restricted" of Kubernetes 1.30,
 * and warn about those that violate its newest version.
 */
export const restrictedLabels: Labels = {
  'pod-security.kubernetes.io/enforce': 'restricted',
  'pod-security.kubernetes.io/enforce-version': enforcedVersion,
  'pod-security.kubernetes.io/warn': 'restricted',
  'pod-security.kubernetes.io/warn-version': 'latest',
  'pod-security.kubernetes.io/audit': 'restricted',
  'pod-security.kubernetes.io/audit-version': 'latest',
};
