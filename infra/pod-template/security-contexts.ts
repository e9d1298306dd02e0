import type { k8s } from 'cdk8s-plus-27';
import { image } from '../../service/contract/index.ts';

const user = {
  /**
   * Refuses to start the container as root.
   *
   * @explains PodSpec.securityContext.runAsNonRoot
   * @explains Container.securityContext.runAsNonRoot
   * @without A process that escapes from the container is root on the node. The standard "restricted" requires it.
   */
  runAsNonRoot: true,
  /**
   * The user of the image. Explicit, because the kubelet refuses `runAsNonRoot` if it cannot tell that the image's user
   * is not root.
   *
   * @explains PodSpec.securityContext.runAsUser
   * @explains Container.securityContext.runAsUser
   * @without An image whose user is a name instead of a number does not start.
   */
  runAsUser: image.user,
  /**
   * The group of the image's user.
   *
   * @explains PodSpec.securityContext.runAsGroup
   * @explains Container.securityContext.runAsGroup
   * @without The process may be in the group 0, whose files it could then read.
   */
  runAsGroup: image.user,
};

/** @see https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted */
export const podSecurity: k8s.PodSecurityContext = {
  ...user,
  /**
   * Only the system calls that containers usually need are allowed.
   *
   * @explains PodSpec.securityContext.seccompProfile.**
   * @without Every system call is allowed, also those that attacks on the kernel use. "restricted" requires it.
   */
  seccompProfile: { type: 'RuntimeDefault' },
};

/** Meets the Pod Security Standard "restricted", and makes the root file system read-only. */
export const containerSecurity: k8s.SecurityContext = {
  ...user,
  /**
   * The container has no access to the devices of the node.
   *
   * @explains Container.securityContext.privileged
   * @without The default is the same; policy checks want to read it.
   */
  privileged: false,
  /**
   * No program of the container gets more rights than the one that started it, as with `sudo`.
   *
   * @explains Container.securityContext.allowPrivilegeEscalation
   * @without A program with the setuid bit can become root. "restricted" requires it.
   */
  allowPrivilegeEscalation: false,
  /**
   * Nobody can change the files of the image; only /tmp can be written to.
   *
   * @explains Container.securityContext.readOnlyRootFilesystem
   * @without Somebody who breaks in can replace the service's code.
   */
  readOnlyRootFilesystem: true,
  /**
   * The container has none of the parts of root's rights.
   *
   * @explains Container.securityContext.capabilities.drop
   * @without It keeps about a dozen, such as that to open raw sockets. "restricted" requires it.
   */
  capabilities: { drop: ['ALL'] },
};
