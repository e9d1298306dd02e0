/** Argument lists for `kind`. Pure: `exec` runs them. */
import type { ContainerEngine } from './container-engine.ts';

/** kind takes Docker, unless this says otherwise. */
export const kindEnvironment = (engine: ContainerEngine): { readonly env?: Readonly<Record<string, string>> } =>
  engine === 'podman' ? { env: { KIND_EXPERIMENTAL_PROVIDER: 'podman' } } : {};

export const kindVersion = (): string[] => ['kind', 'version'];

export const kindClusters = (): string[] => ['kind', 'get', 'clusters'];

/** `image` is the node image; kind's own default when undefined. */
export function kindCreate(name: string, config: string, image: string | undefined): string[] {
  return [
    'kind',
    'create',
    'cluster',
    '--name',
    name,
    '--config',
    config,
    ...(image === undefined ? [] : ['--image', image]),
    '--wait',
    '120s',
  ];
}

/** The names of a cluster's nodes, a line each. */
export const kindNodes = (name: string): string[] => ['kind', 'get', 'nodes', '--name', name];

/** `kind load docker-image` fails where Docker keeps images in containerd's store (kubernetes-sigs/kind#3795); an archive never does. */
export const kindLoad = (name: string, archive: string, nodes: readonly string[]): string[] => [
  'kind',
  'load',
  'image-archive',
  archive,
  '--name',
  name,
  '--nodes',
  nodes.join(','),
];

/** Deleting what is not there is no error. */
export const kindDelete = (name: string): string[] => ['kind', 'delete', 'cluster', '--name', name];
