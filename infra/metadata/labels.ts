/** Labels of a Kubernetes object: value by key. */
export type Labels = Readonly<Record<string, string>>;

/** The label that distinguishes the objects of one service from all others in the namespace. */
export const instanceLabel = 'app.kubernetes.io/instance';

const longestLabelValue = 63;

/**
 * Returns the labels that selectors match. They never include anything that changes with a version: a Deployment's
 * selector is immutable, and a Service that selected a version would lose its pods in the middle of a rollout.
 */
export function selectorLabels(name: string): Labels {
  return { 'app.kubernetes.io/name': name, [instanceLabel]: name };
}

/** Returns the recommended labels that every object of the service carries. */
export function objectLabels(name: string): Labels {
  return { ...selectorLabels(name), 'app.kubernetes.io/managed-by': 'rhizome' };
}

/**
 * Returns the labels of the Deployment and its pods: those of every object, and the version.
 *
 * @param tag the image's tag, which is the version; left out if it is not a valid label value
 */
export function workloadLabels(name: string, tag: string | undefined): Labels {
  const fits = tag !== undefined && tag.length <= longestLabelValue && /[A-Za-z0-9]$/.test(tag);
  return { ...objectLabels(name), ...(fits && { 'app.kubernetes.io/version': tag }) };
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
