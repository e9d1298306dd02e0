import type { k8s } from 'cdk8s-plus-27';
import { image } from '../../service/contract/index.ts';

/** Explicit, because the kubelet refuses `runAsNonRoot` if it cannot tell that the image's user is not root. */
const user = { runAsNonRoot: true, runAsUser: image.user, runAsGroup: image.user };

/** @see https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted */
export const podSecurity: k8s.PodSecurityContext = { ...user, seccompProfile: { type: 'RuntimeDefault' } };

/** Meets the Pod Security Standard "restricted", and makes the root file system read-only. */
export const containerSecurity: k8s.SecurityContext = {
  ...user,
  privileged: false,
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
};
