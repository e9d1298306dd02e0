import { parseImageReference } from '../props/image-reference.ts';

export type Labels = Readonly<Record<string, string>>;

/** Tells one installation's objects from all others of the namespace. */
export const instanceLabel = 'app.kubernetes.io/instance';

const longestLabelValue = 63;

/**
 * What selectors match. Never anything that changes with a version: a Deployment's selector is immutable, and a Service
 * that selects a version loses its pods in the middle of a rollout.
 */
export function selectorLabels(name: string): Labels {
  return { 'app.kubernetes.io/name': name, [instanceLabel]: name };
}

/** The recommended labels that every object of the service carries. */
export function objectLabels(name: string): Labels {
  return { ...selectorLabels(name), 'app.kubernetes.io/managed-by': 'rhizome' };
}

/** Those of the Deployment and its pods, with the version: the image's tag, where it fits into a label. */
export function workloadLabels(name: string, image: string): Labels {
  const tag = parseImageReference(image)?.tag;
  const fits = tag !== undefined && tag.length <= longestLabelValue && /[A-Za-z0-9]$/.test(tag);
  return { ...objectLabels(name), ...(fits && { 'app.kubernetes.io/version': tag }) };
}
