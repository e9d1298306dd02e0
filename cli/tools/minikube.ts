/** Argument lists for `minikube`. Pure: `exec` runs them. */

/** Fails where the profile does not run. */
export const minikubeStatus = (profile: string): string[] => ['minikube', 'status', '--profile', profile];

export const minikubeLoad = (profile: string, archive: string): string[] => [
  'minikube',
  'image',
  'load',
  archive,
  '--profile',
  profile,
];

export const minikubeImages = (profile: string): string[] => ['minikube', 'image', 'ls', '--profile', profile];

export const minikubeVersion = (): string[] => ['minikube', 'version', '--short'];
