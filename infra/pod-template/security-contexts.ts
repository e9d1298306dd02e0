import type { k8s } from 'cdk8s-plus-27';
import { image } from '../../service/contract/index.ts';

/** Explicit, since the kubelet refuses `runAsNonRoot` where it cannot tell that an image's user is not root. */
const user = { runAsNonRoot: true, runAsUser: image.user, runAsGroup: image.user };

/** @see https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted */
export const podSecurity: k8s.PodSecurityContext = { ...user, seccompProfile: { type: 'RuntimeDefault' } };

/** "Restricted", and a root file system that nothing can be written to. */
export const containerSecurity: k8s.SecurityContext = {
  ...user,
  privileged: false,
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
};
