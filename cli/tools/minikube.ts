/** Argument lists for `minikube`. Pure functions: `exec` runs them. */

/** Fails if the profile isn't running. */
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
