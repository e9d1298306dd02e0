/** The supported versions of Kubernetes, oldest first. */
export const kubernetesVersions = ['1.30', '1.31', '1.32', '1.33', '1.34', '1.35', '1.36', '1.37'] as const;

/** A supported version of Kubernetes. */
export type KubernetesVersion = (typeof kubernetesVersions)[number];

/** The target if none is set: what a cluster of this version accepts, every supported one accepts. */
export const oldestKubernetesVersion = kubernetesVersions[0];

/** The newest supported version. */
export const newestKubernetesVersion = '1.37' satisfies KubernetesVersion;

/** Returns whether a version is another one or newer. */
export const isAtLeast = (version: KubernetesVersion, minimum: KubernetesVersion): boolean =>
  kubernetesVersions.indexOf(version) >= kubernetesVersions.indexOf(minimum);
