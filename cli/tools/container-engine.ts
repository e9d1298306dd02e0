/**
 * Argument lists for the container engine: `docker`, or `podman`, which takes the same words but for those that say so.
 * Pure: `exec` runs them.
 */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export const containerEngines = ['docker', 'podman'] as const;
/** What builds images and runs the nodes of kind. */
export type ContainerEngine = (typeof containerEngines)[number];

/** The one that is asked for, in an option or in RHIZOME_ENGINE; else docker, unless podman alone is installed. */
export function chooseContainerEngine(asked?: ContainerEngine, env: NodeJS.ProcessEnv = process.env): ContainerEngine {
  const named = asked ?? containerEngines.find((engine) => engine === env.RHIZOME_ENGINE);
  const folders = (env.PATH ?? '').split(delimiter);
  return (
    named ?? containerEngines.find((engine) => folders.some((folder) => existsSync(join(folder, engine)))) ?? 'docker'
  );
}

export interface BuildOptions {
  readonly tag: string;
  /** For the Dockerfile's `ARG`s. */
  readonly buildArgs: Readonly<Record<string, string>>;
  /** Files by the id under which the build mounts them; they reach no layer. */
  readonly secrets: Readonly<Record<string, string>>;
  /** As `linux/arm64`; the engine's own when absent. */
  readonly platform?: string;
}

export function imageBuild(engine: ContainerEngine, { tag, buildArgs, secrets, platform }: BuildOptions): string[] {
  return [
    engine,
    'build',
    '--tag',
    tag,
    ...(platform === undefined ? [] : ['--platform', platform]),
    ...Object.entries(buildArgs).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]),
    ...Object.entries(secrets).flatMap(([id, file]) => ['--secret', `id=${id},src=${file}`]),
    '.',
  ];
}

export const imageTag = (engine: ContainerEngine, image: string, tag: string): string[] => [engine, 'tag', image, tag];

export const imageInspect = (engine: ContainerEngine, image: string): string[] => [engine, 'image', 'inspect', image];

/** @param platform of an image that may have several; podman's have one */
export const imageSave = (engine: ContainerEngine, image: string, file: string, platform?: string): string[] => [
  engine,
  'save',
  '--output',
  file,
  ...(platform === undefined ? [] : ['--platform', platform]),
  image,
];

/** @param digestFile where podman writes the digest; docker prints it */
export const imagePush = (engine: ContainerEngine, image: string, digestFile: string): string[] =>
  engine === 'docker' ? ['docker', 'push', image] : ['podman', 'push', '--digestfile', digestFile, image];

/** What a registry has under a name; fails where it has nothing. One of this machine may speak HTTP, which a push takes as it is. */
export const dockerManifest = (image: string): string[] => [
  'docker',
  'manifest',
  'inspect',
  '--verbose',
  ...(/^(localhost|127\.\d+\.\d+\.\d+)[:/]/.test(image) ? ['--insecure'] : []),
  image,
];

/** Fails where the client alone is there. Docker's prints the version of its ContainerEngine. */
export const containerEngineVersion = (engine: ContainerEngine): string[] =>
  engine === 'docker'
    ? ['docker', 'version', '--format', '{{.Server.Version}}']
    : ['podman', 'info', '--format', '{{.Version.Version}}'];

/** The version of the API that Docker's client and ContainerEngine agree on, as `1.48`. */
export const dockerApiVersion = (): string[] => ['docker', 'version', '--format', '{{.Client.APIVersion}}'];

/** The names of the images that a node of kind holds, a line each. */
export const nodeImages = (engine: ContainerEngine, node: string): string[] => [
  engine,
  'exec',
  node,
  'ctr',
  '--namespace',
  'k8s.io',
  'images',
  'list',
  '-q',
];

/** Where a port of a container is on this machine: a line each, as `127.0.0.1:8080`. Fails where it is nowhere. */
export const containerPort = (engine: ContainerEngine, container: string, port: number): string[] => [
  engine,
  'port',
  container,
  `${String(port)}/tcp`,
];

/** Runs a shell line in a node of kind. */
export const nodeShell = (engine: ContainerEngine, node: string, line: string): string[] => [
  engine,
  'exec',
  node,
  'sh',
  '-c',
  line,
];

/** Freezes every process of a node of kind; to the others it is gone. */
export const nodePause = (engine: ContainerEngine, node: string): string[] => [engine, 'pause', node];
export const nodeUnpause = (engine: ContainerEngine, node: string): string[] => [engine, 'unpause', node];

export const buildxVersion = (): string[] => ['docker', 'buildx', 'version'];

/** The engine's memory, in bytes. */
export const containerEngineMemory = (engine: ContainerEngine): string[] => [
  engine,
  'info',
  '--format',
  engine === 'docker' ? '{{.MemTotal}}' : '{{.Host.MemTotal}}',
];
