import { oldestKubernetesVersion, type KubernetesVersion } from '../kubernetes-schemas/versions.ts';
import type { Labels } from './labels.ts';

/**
 * The annotation of a Deployment whose manifests need a newer Kubernetes than the oldest supported one.
 *
 * @explains Deployment.metadata.annotations["rhizome-kit/kubernetes-version"]
 * @without `rhizome up` does not check the version of the cluster, which may drop fields that it does not know.
 * @setBy kubernetesVersion
 */
export const targetVersionAnnotation = 'rhizome-kit/kubernetes-version';

/**
 * The annotation of a canary's Deployment with its share of the requests in percent.
 *
 * @explains Deployment.metadata.annotations["rhizome-kit/share-percent"]
 * @without `rhizome status` and `promote` take the canary for one without requests.
 * @setBy Canary.weight
 */
export const shareAnnotation = 'rhizome-kit/share-percent';

/**
 * The reason why an image has no digest, for whoever reviews the manifests.
 *
 * @explains Deployment.metadata.annotations["rhizome-kit/unpinned-image"]
 * @without Reviewers do not see that the tag may move to another image.
 * @setBy unpinnedImage
 */
const unpinnedImageAnnotation = 'rhizome-kit/unpinned-image';

/**
 * The reason why requests need no API key, for whoever reviews the manifests.
 *
 * @explains Deployment.metadata.annotations["rhizome-kit/unauthenticated"]
 * @without Reviewers do not see that everyone who reaches the Service may use it.
 * @setBy unauthenticated
 */
const unauthenticatedAnnotation = 'rhizome-kit/unauthenticated';

/**
 * Returns the annotations of a Deployment: a target version other than the oldest, why its image has no digest, and why
 * requests need no key.
 */
export function deploymentAnnotations({
  kubernetesVersion,
  unpinnedImage,
  unauthenticated,
  hasDigest,
}: {
  readonly kubernetesVersion: KubernetesVersion;
  readonly unpinnedImage?: string | undefined;
  readonly unauthenticated?: string | undefined;
  readonly hasDigest: boolean;
}): { readonly annotations?: Labels } {
  const annotations = {
    ...(kubernetesVersion !== oldestKubernetesVersion && { [targetVersionAnnotation]: kubernetesVersion }),
    ...(unauthenticated !== undefined && { [unauthenticatedAnnotation]: unauthenticated }),
    ...(unpinnedImage !== undefined && !hasDigest && { [unpinnedImageAnnotation]: unpinnedImage }),
  };
  return Object.keys(annotations).length === 0 ? {} : { annotations };
}
