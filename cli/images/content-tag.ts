import { createHash } from 'node:crypto';
import { imageInspect, imageTag, type ContainerEngine } from '../tools/container-engine.ts';
import { exec, type ExecContext } from '../tools/exec.ts';

/**
 * Tags the image with a hash of its content, since Kubernetes replaces pods only if the image name changes.
 * @returns the new name: the old one, a dash and 12 hexadecimal digits
 */
export async function tagByContent(context: ExecContext, engine: ContainerEngine, image: string): Promise<string> {
  const tagged = `${image}-${contentHash(await inspectImage(context, engine, image))}`;
  await exec(context, imageTag(engine, image, tagged));
  return tagged;
}

/** The part of `docker image inspect` (or podman's) that determines what a container of the image does. */
export interface InspectedImage {
  readonly Os?: string;
  readonly Architecture: string;
  /** Of an architecture, such as `v8`. */
  readonly Variant?: string;
  /** Of all layers, uncompressed; with Docker's containerd store, as they are stored. */
  readonly Size: number;
  /** Has data unless Docker keeps images in containerd's store. */
  readonly GraphDriver?: { readonly Data?: object | null };
  readonly RootFS: { readonly Layers?: readonly string[] };
  readonly Config: Readonly<Record<string, unknown>>;
}

/**
 * Hashes layers and run configuration. The image's ID also covers labels such as a commit's hash, creation times and,
 * in Docker's containerd store, each build's attestation: it would replace pods although nothing has changed.
 */
export function contentHash({ Architecture, RootFS, Config }: InspectedImage): string {
  const run = ['Entrypoint', 'Cmd', 'Env', 'User', 'WorkingDir'].map((name) => Config[name] ?? null);
  return createHash('sha256')
    .update(JSON.stringify([Architecture, RootFS.Layers, run]))
    .digest('hex')
    .slice(0, 12);
}

/** Returns what `docker image inspect` (or podman) says about an image. */
export async function inspectImage(
  context: ExecContext,
  engine: ContainerEngine,
  image: string,
): Promise<InspectedImage> {
  const [inspected] = JSON.parse(await exec(context, imageInspect(engine, image), { quiet: true })) as [InspectedImage];
  return inspected;
}
