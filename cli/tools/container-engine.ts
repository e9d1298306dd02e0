/**
 * Argument lists for the container engine: `docker`, or `podman`, whose commands are the same unless noted. Pure
 * functions: `exec` runs them.
 */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export const containerEngines = ['docker', 'podman'] as const;
/** The program that builds images and runs the nodes of kind. */
export type ContainerEngine = (typeof containerEngines)[number];

/**
 * Chooses the container engine: the given one, that in RHIZOME_ENGINE, or docker unless only podman is installed.
 * @param asked the value of `--engine`
 */
export function chooseContainerEngine(asked?: ContainerEngine, env: NodeJS.ProcessEnv = process.env): ContainerEngine {
  const named = asked ?? containerEngines.find((engine) => engine === env.RHIZOME_ENGINE);
  const folders = (env.PATH ?? '').split(delimiter);
  return (
    named ?? containerEngines.find((engine) => folders.some((folder) => existsSync(join(folder, engine)))) ?? 'docker'
  );
}

export interface ImageBuild {
  readonly tag: string;
  /** Values for the Dockerfile's `ARG`s. */
  readonly buildArgs: Readonly<Record<string, string>>;
  /** Files by the ID under which the build mounts them. They are in no layer. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Such as `linux/arm64`. @default the container engine's */
  readonly platform?: string;
  /** Path of the Dockerfile. @default Dockerfile */
  readonly dockerfile?: string;
}

export function imageBuild(
  engine: ContainerEngine,
  { tag, buildArgs, secrets, platform, dockerfile }: ImageBuild,
): string[] {
  return [
    engine,
    'build',
    ...(dockerfile === undefined ? [] : ['--file', dockerfile]),
    '--tag',
    tag,
    ...(platform === undefined ? [] : ['--platform', platform]),
    ...Object.entries(buildArgs).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]),
    ...Object.entries(secrets).flatMap(([id, file]) => ['--secret', `id=${id},src=${file}`]),
    '.',
  ];
}

export const imageTag = (engine: ContainerEngine, image: string, tag: string): string[] => [engine, 'tag', image, tag];

/** Removes a tag, and the image with its last tag. */
export const imageUntag = (engine: ContainerEngine, tag: string): string[] => [engine, 'image', 'rm', tag];

export const imageInspect = (engine: ContainerEngine, image: string): string[] => [engine, 'image', 'inspect', image];

/** @param platform which platform to save, if the image may have several; podman's have one */
export const imageSave = (engine: ContainerEngine, image: string, file: string, platform?: string): string[] => [
  engine,
  'save',
  '--output',
  file,
  ...(platform === undefined ? [] : ['--platform', platform]),
  image,
];

/** @param digestFile the file that podman writes the digest to; docker prints it */
export const imagePush = (engine: ContainerEngine, image: string, digestFile: string): string[] =>
  engine === 'docker' ? ['docker', 'push', image] : ['podman', 'push', '--digestfile', digestFile, image];

/** Prints a registry's manifest of an image; fails if it has none. As in a push, a local registry may use HTTP. */
export const dockerManifest = (image: string): string[] => [
  'docker',
  'manifest',
  'inspect',
  '--verbose',
  ...(/^(localhost|127\.\d+\.\d+\.\d+)[:/]/.test(image) ? ['--insecure'] : []),
  image,
];

/** Prints the version of the engine itself; fails if only its client is installed. */
export const containerEngineVersion = (engine: ContainerEngine): string[] =>
  engine === 'docker'
    ? ['docker', 'version', '--format', '{{.Server.Version}}']
    : ['podman', 'info', '--format', '{{.Version.Version}}'];

/** Prints the API version that Docker's client and engine have in common, such as `1.48`. */
export const dockerApiVersion = (): string[] => ['docker', 'version', '--format', '{{.Client.APIVersion}}'];

const containerdOf = (engine: ContainerEngine, node: string): string[] => [
  engine,
  'exec',
  node,
  'ctr',
  '--namespace',
  'k8s.io',
];

/** Prints the names of a kind node's images, one per line. */
export const nodeImages = (engine: ContainerEngine, node: string): string[] => [
  ...containerdOf(engine, node),
  'images',
  'list',
  '-q',
];

/** Prints the digests of what a kind node's images consist of, one per line. */
export const nodeContent = (engine: ContainerEngine, node: string): string[] => [
  ...containerdOf(engine, node),
  'content',
  'list',
  '-q',
];

/** Prints the addresses at which a container's port is published, one per line: `127.0.0.1:8080`. Fails if it isn't. */
export const containerPort = (engine: ContainerEngine, container: string, port: number): string[] => [
  engine,
  'port',
  container,
  `${String(port)}/tcp`,
];

/** Runs a shell command in a kind node. */
export const nodeShell = (engine: ContainerEngine, node: string, line: string): string[] => [
  engine,
  'exec',
  node,
  'sh',
  '-c',
  line,
];

/** Prints the name of the image that a container was created from. */
export const containerImage = (engine: ContainerEngine, container: string): string[] => [
  engine,
  'container',
  'inspect',
  '--format',
  '{{.Config.Image}}',
  container,
];

/** Freezes all processes of a kind node, which makes it unreachable. */
export const nodePause = (engine: ContainerEngine, node: string): string[] => [engine, 'pause', node];
export const nodeUnpause = (engine: ContainerEngine, node: string): string[] => [engine, 'unpause', node];

export const buildxVersion = (): string[] => ['docker', 'buildx', 'version'];

/** Prints the container engine's memory, in bytes. */
export const containerEngineMemory = (engine: ContainerEngine): string[] => [
  engine,
  'info',
  '--format',
  engine === 'docker' ? '{{.MemTotal}}' : '{{.Host.MemTotal}}',
];
