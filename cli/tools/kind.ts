/** Argument lists for `kind`. Pure functions: `exec` runs them. */
import type { ContainerEngine } from './container-engine.ts';

/** kind uses Docker unless this variable says otherwise. */
export const kindEnvironment = (engine: ContainerEngine): { readonly env?: Readonly<Record<string, string>> } =>
  engine === 'podman' ? { env: { KIND_EXPERIMENTAL_PROVIDER: 'podman' } } : {};

/** The kubectl context that kind creates for a cluster. */
export const kindContext = (cluster: string): string => `kind-${cluster}`;

/** The kind cluster that a kubectl context leads to, whoever created it; undefined if it isn't one. */
export const kindClusterOf = (kubeContext: string): string | undefined => /^kind-(.+)$/.exec(kubeContext)?.[1];

/** The container that is the first node of a cluster, and publishes its ports. */
export const kindControlPlane = (cluster: string): string => `${cluster}-control-plane`;

export const kindVersion = (): string[] => ['kind', 'version'];

export const kindClusters = (): string[] => ['kind', 'get', 'clusters'];

/** @param image the node image; by default kind's own */
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

/** The parts of a creation that kind reports, each once it is done, if the cluster has workers. */
const partsOfCreation = 8;

/** Returns a function that reads from the lines of `kind create cluster` how much of it is done. */
export function kindCreateProgress(): (line: string) => number | undefined {
  let done = 0;
  return (line) => (/^ ✓ /.test(line) ? ++done / partsOfCreation : undefined);
}

/** Prints the names of a cluster's nodes, one per line. */
export const kindNodes = (name: string): string[] => ['kind', 'get', 'nodes', '--name', name];

/**
 * Loads an archive, since `kind load docker-image` fails if Docker keeps images in containerd's store
 * (kubernetes-sigs/kind#3795).
 */
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

/** Succeeds if there is no such cluster. */
export const kindDelete = (name: string): string[] => ['kind', 'delete', 'cluster', '--name', name];
