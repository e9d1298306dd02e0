/** Argument lists for `kind`. Pure: `exec` runs them. */

export const kindVersion = (): string[] => ['kind', 'version'];

export const kindClusters = (): string[] => ['kind', 'get', 'clusters'];

/** `image` is the node image; kind's own default when undefined. */
export function kindCreate(name: string, config: string, image: string | undefined): string[] {
  return ['kind', 'create', 'cluster', '--name', name, '--config', config, ...(image === undefined ? [] : ['--image', image]), '--wait', '120s'];
}

/** Does nothing on the nodes that hold the image. */
export const kindLoad = (name: string, image: string): string[] => ['kind', 'load', 'docker-image', image, '--name', name];

/** Deleting what is not there is no error. */
export const kindDelete = (name: string): string[] => ['kind', 'delete', 'cluster', '--name', name];
