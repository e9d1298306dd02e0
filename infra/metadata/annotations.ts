import { oldestKubernetesVersion, type KubernetesVersion } from '../kubernetes-schemas/versions.ts';
import type { Labels } from './labels.ts';

/** The annotation of a Deployment whose manifests need a newer Kubernetes than the oldest supported one. */
export const targetVersionAnnotation = 'rhizome-kit/kubernetes-version';

/** Returns the annotation that `rhizome up` compares with the cluster's version; none for the oldest version. */
export const targetVersion = (version: KubernetesVersion): { readonly annotations?: Labels } =>
  version === oldestKubernetesVersion ? {} : { annotations: { [targetVersionAnnotation]: version } };
