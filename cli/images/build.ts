import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { defaultDockerfile, dockerfileOf } from '../scaffold/dockerfile.ts';
import { imageBuild, type ContainerEngine } from '../tools/container-engine.ts';
import { exec, type ExecContext } from '../tools/exec.ts';
import { buildProgress } from './build-progress.ts';
import { inspectImage } from './content-tag.ts';
import { imageName } from './manifest-image.ts';

export interface BuildOptions {
  /** @default the image name in the project's manifests */
  readonly tag?: string;
  /** Base image. @default BASE_IMAGE in the environment, or the Dockerfile's default */
  readonly baseImage?: string;
  /** Image that the build stages run in. @default BUILD_IMAGE in the environment, or the Dockerfile's default */
  readonly buildImage?: string;
  /** Such as `linux/arm64`. @default the container engine's */
  readonly platform?: string;
}

export interface BuiltImage {
  readonly image: string;
  /** Uncompressed size of all layers, in bytes. */
  readonly bytes: number;
}

/** Builds the image from the project's Dockerfile. */
export async function build(
  context: ExecContext,
  engine: ContainerEngine,
  options: BuildOptions,
  env: NodeJS.ProcessEnv = process.env,
): Promise<BuiltImage> {
  const dockerfile = dockerfileOf(context.root);
  // Only to read the name: what the step is about is the build.
  const image = options.tag ?? (await imageName({ ...context, walkthrough: undefined }));
  const argv = imageBuild(engine, {
    tag: image,
    buildArgs: defined({
      BASE_IMAGE: options.baseImage ?? env.BASE_IMAGE,
      BUILD_IMAGE: options.buildImage ?? env.BUILD_IMAGE,
      // The Dockerfile's default.
      ONNXRUNTIME_NODE_INSTALL: env.ONNXRUNTIME_NODE_INSTALL === 'skip' ? undefined : env.ONNXRUNTIME_NODE_INSTALL,
    }),
    secrets: buildSecrets(env),
    ...(options.platform !== undefined && { platform: options.platform }),
    ...(dockerfile !== defaultDockerfile && { dockerfile }),
  });
  await exec(context, argv, {
    stream: true,
    // Without a Dockerfile, the engine says what is missing.
    share: buildProgress(await readFile(join(context.root, dockerfile), 'utf8').catch(() => '')),
    hint:
      'If no registry is reachable, use images of this machine: ' +
      '`--base-image` and `--build-image` (or BASE_IMAGE and BUILD_IMAGE).',
  });
  const { Size } = await inspectImage(context, engine, image);
  return { image, bytes: Size };
}

/** Returns a company's CA certificates and registry settings, for `npm ci` in the build. They are in no layer. */
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

function defined(values: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== ''),
  );
}
