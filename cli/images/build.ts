import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { imageBuild, imageInspect, imageTag, type ContainerEngine } from '../tools/container-engine.ts';
import { exec, type ExecContext } from '../tools/exec.ts';
import { imageName } from './image-name.ts';

export interface BuildOptions {
  /** @default the name in the project's manifests */
  readonly tag?: string;
  /** Base of the image; the Dockerfile's default when neither this nor BASE_IMAGE in the environment is set. */
  readonly baseImage?: string;
  /** Image that the build stages run in, likewise with BUILD_IMAGE. */
  readonly buildImage?: string;
  readonly platform?: string;
}

export interface BuiltImage {
  readonly image: string;
  /** Uncompressed size of all layers. */
  readonly bytes: number;
}

/** Builds the image from the Dockerfile of the root. */
export async function build(
  context: ExecContext,
  engine: ContainerEngine,
  options: BuildOptions,
  env: NodeJS.ProcessEnv = process.env,
): Promise<BuiltImage> {
  const image = options.tag ?? (await imageName(context));
  const argv = imageBuild(engine, {
    tag: image,
    buildArgs: defined({
      BASE_IMAGE: options.baseImage ?? env.BASE_IMAGE,
      BUILD_IMAGE: options.buildImage ?? env.BUILD_IMAGE,
    }),
    secrets: buildSecrets(env),
    ...(options.platform !== undefined && { platform: options.platform }),
  });
  await exec(context, argv, {
    stream: true,
    hint: 'Where no registry is reachable, name images that this machine has: `--base-image` and `--build-image` (or BASE_IMAGE and BUILD_IMAGE).',
  });
  const { Size } = await inspect(context, engine, image);
  return { image, bytes: Size };
}

/** A company's certificate authority and registry settings, for `npm ci` inside of the build; never in a layer. */
export function buildSecrets(
  env: NodeJS.ProcessEnv,
  npmrc: string = join(homedir(), '.npmrc'),
): Record<string, string> {
  const ca = env.NODE_EXTRA_CA_CERTS;
  return defined({
    ca: ca !== undefined && existsSync(ca) ? ca : undefined,
    npmrc: existsSync(npmrc) ? npmrc : undefined,
  });
}

/**
 * Tags the image with a hash of what runs: Kubernetes rolls pods only when the image's name changes.
 * @returns the new name: the old one, a dash and 12 hexadecimal digits
 */
export async function tagByContent(context: ExecContext, engine: ContainerEngine, image: string): Promise<string> {
  const tagged = `${image}-${contentHash(await inspect(context, engine, image))}`;
  await exec(context, imageTag(engine, image, tagged));
  return tagged;
}

/** The part of `docker image inspect` (podman's is the same) that decides what a container of the image does. */
export interface InspectedImage {
  readonly Architecture: string;
  readonly Size: number;
  readonly RootFS: { readonly Layers?: readonly string[] };
  readonly Config: Readonly<Record<string, unknown>>;
}

/**
 * Layers and run configuration, but not the image's Id: that one also covers labels (a commit's hash), creation times
 * and, in Docker's containerd store, the attestation of each build, and would roll pods that run the same.
 */
export function contentHash({ Architecture, RootFS, Config }: InspectedImage): string {
  const run = ['Entrypoint', 'Cmd', 'Env', 'User', 'WorkingDir'].map((name) => Config[name] ?? null);
  return createHash('sha256')
    .update(JSON.stringify([Architecture, RootFS.Layers, run]))
    .digest('hex')
    .slice(0, 12);
}

async function inspect(context: ExecContext, engine: ContainerEngine, image: string): Promise<InspectedImage> {
  const [inspected] = JSON.parse(await exec(context, imageInspect(engine, image), { quiet: true })) as [InspectedImage];
  return inspected;
}

function defined(values: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== ''),
  );
}
