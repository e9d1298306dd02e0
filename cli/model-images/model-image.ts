import { createHash } from 'node:crypto';
import { createWriteStream, statSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { RepositoryFile } from '../../onnx/file/repository-files.ts';
import { archive, type ArchiveFile } from './tar.ts';

/** A part of an image that a registry stores by its digest. */
export interface Blob {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly content: Buffer | { readonly file: string };
}

/** An image that contains a models folder, for each platform of nodes. */
export interface ModelImage {
  readonly layer: Blob;
  readonly configs: readonly Blob[];
  readonly manifests: readonly Blob[];
  /** Names the manifests. Its digest is that of the image. */
  readonly index: Blob;
}

const types = {
  layer: 'application/vnd.oci.image.layer.v1.tar',
  config: 'application/vnd.oci.image.config.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
} as const;

/** The image is the same for all, but a container runtime unpacks only one that is for its own. */
const architectures = ['amd64', 'arm64'] as const;

/**
 * Creates an image of models: one layer, nothing that runs. The same files have the same digest on every machine.
 *
 * @param folder where to write the layer, which may be large
 */
export async function createModelImage(files: readonly RepositoryFile[], folder: string): Promise<ModelImage> {
  const entries = files.map(({ path, file }): ArchiveFile => ({ path, size: statSync(file).size, content: { file } }));
  const file = join(folder, 'layer.tar');
  const hash = createHash('sha256');
  await pipeline(async function* () {
    for await (const chunk of archive(entries)) {
      hash.update(chunk);
      yield chunk;
    }
  }, createWriteStream(file));
  const layer: Blob = {
    mediaType: types.layer,
    digest: `sha256:${hash.digest('hex')}`,
    size: statSync(file).size,
    content: { file },
  };
  const parts = architectures.map((architecture) => {
    const config = json(types.config, {
      architecture,
      os: 'linux',
      config: {},
      rootfs: { type: 'layers', diff_ids: [layer.digest] },
    });
    const [configEntry, layerEntry] = [config, layer].map(descriptor);
    const content = { schemaVersion: 2, mediaType: types.manifest, config: configEntry, layers: [layerEntry] };
    return { architecture, config, manifest: json(types.manifest, content) };
  });
  const index = json(types.index, {
    schemaVersion: 2,
    mediaType: types.index,
    manifests: parts.map(({ architecture, manifest }) => ({
      ...descriptor(manifest),
      platform: { architecture, os: 'linux' },
    })),
  });
  return {
    layer,
    configs: parts.map(({ config }) => config),
    manifests: parts.map(({ manifest }) => manifest),
    index,
  };
}

/** Writes an image to a file that `kind load image-archive` and `minikube image load` read. */
export async function writeArchive(image: ModelImage, reference: string, file: string): Promise<void> {
  const { layer, configs, manifests, index } = image;
  const name = (blob: Blob): string => `blobs/${blob.digest.replace(':', '/')}`;
  const text = (path: string, value: unknown): ArchiveFile => {
    const content = Buffer.from(JSON.stringify(value));
    return { path, size: content.length, content };
  };
  const top = { ...descriptor(index), annotations: { 'io.containerd.image.name': reference } };
  const [config = layer] = configs;
  await pipeline(
    archive([
      ...[layer, ...configs, ...manifests, index].map((blob) => ({ path: name(blob), ...blob })),
      text('index.json', { schemaVersion: 2, mediaType: types.index, manifests: [top] }),
      // The format of `docker save`, for programs that do not know that of OCI.
      text('manifest.json', [{ Config: name(config), RepoTags: [reference], Layers: [name(layer)] }]),
      text('oci-layout', { imageLayoutVersion: '1.0.0' }),
    ]),
    createWriteStream(file),
  );
}

function json(mediaType: string, value: unknown): Blob {
  const content = Buffer.from(JSON.stringify(value));
  const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`;
  return { mediaType, digest, size: content.length, content };
}

const descriptor = ({ mediaType, digest, size }: Blob) => ({ mediaType, digest, size });
