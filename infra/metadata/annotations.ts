import { oldestKubernetesVersion, type KubernetesVersion } from '../kubernetes-schemas/versions.ts';
import type { Labels } from './labels.ts';

/** The annotation of a Deployment whose manifests need a newer Kubernetes than the oldest supported one. */
export const targetVersionAnnotation = 'rhizome-kit/kubernetes-version';

/** The annotation of a canary's Deployment with its share of the requests in percent. */
export const shareAnnotation = 'rhizome-kit/share-percent';

/** The reason why an image has no digest, for whoever reviews the manifests. */
const unpinnedImageAnnotation = 'rhizome-kit/unpinned-image';

/** Returns the annotations of a Deployment: a target version other than the oldest, and why its image has no digest. */
export function deploymentAnnotations({
  kubernetesVersion,
  unpinnedImage,
  hasDigest,
}: {
  readonly kubernetesVersion: KubernetesVersion;
  readonly unpinnedImage?: string | undefined;
  readonly hasDigest: boolean;
}): { readonly annotations?: Labels } {
  const annotations = {
    ...(kubernetesVersion !== oldestKubernetesVersion && { [targetVersionAnnotation]: kubernetesVersion }),
    ...(unpinnedImage !== undefined && !hasDigest && { [unpinnedImageAnnotation]: unpinnedImage }),
  };
  return Object.keys(annotations).length === 0 ? {} : { annotations };
}
