import { createHash } from 'node:crypto';
import { createWriteStream, statSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { RepositoryFile } from '../../onnx/file/repository-files.ts';
import { blobPath, descriptor, jsonBlob, mediaTypes, textFile, writeLayout, type Blob } from '../images/oci-layout.ts';
import { archive, type ArchiveFile } from '../images/tar.ts';

/** An image that contains a models folder, for each platform of nodes. */
export interface ModelImage {
  readonly layer: Blob;
  readonly configs: readonly Blob[];
  readonly manifests: readonly Blob[];
  /** Names the manifests. Its digest is that of the image. */
  readonly index: Blob;
}

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
    mediaType: mediaTypes.layer,
    digest: `sha256:${hash.digest('hex')}`,
    size: statSync(file).size,
    content: { file },
  };
  const parts = architectures.map((architecture) => {
    const config = jsonBlob(mediaTypes.config, {
      architecture,
      os: 'linux',
      config: {},
      rootfs: { type: 'layers', diff_ids: [layer.digest] },
    });
    const [configEntry, layerEntry] = [config, layer].map(descriptor);
    const content = { schemaVersion: 2, mediaType: mediaTypes.manifest, config: configEntry, layers: [layerEntry] };
    return { architecture, config, manifest: jsonBlob(mediaTypes.manifest, content) };
  });
  const index = jsonBlob(mediaTypes.index, {
    schemaVersion: 2,
    mediaType: mediaTypes.index,
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
  const [config = layer] = configs;
  await writeLayout([layer, ...configs, ...manifests, index], index, reference, file, [
    // The format of `docker save`, for programs that do not know that of OCI.
    textFile('manifest.json', [{ Config: blobPath(config), RepoTags: [reference], Layers: [blobPath(layer)] }]),
  ]);
}
