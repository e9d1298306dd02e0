import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { bytesBlob, descriptor, jsonBlob, mediaTypes, writeLayout, type Blob } from './oci-layout.ts';
import { archive, listFiles, readContent, UnknownFormat, type ArchiveFile } from './tar.ts';

/** Smaller blobs, such as manifests, are not worth leaving out. */
const WORTH_BYTES = 1_000_000;

/**
 * Writes the image of an archive once more, without the layers that a containerd already has, for `ctr images import`.
 * Most versions of an image differ only in their last layers.
 *
 * @param file from `docker save` or `podman save`
 * @param reference the full name of the image
 * @param present the digests of what the containerd has
 * @returns how many bytes are left out; undefined, and nothing is written, if none can be or the format is not known
 */
export async function writeMissing(
  file: string,
  reference: string,
  present: ReadonlySet<string>,
  to: string,
): Promise<number | undefined> {
  try {
    const files = await listFiles(file);
    const isPresent = ({ digest, size }: Pick<Blob, 'digest' | 'size'>): boolean =>
      size >= WORTH_BYTES && present.has(digest);
    // Docker writes this format since version 25, beside its older one.
    if (files.some(({ path }) => path === 'oci-layout')) {
      const left = files.filter(({ path, size }) => isPresent({ digest: digestOf(path), size }));
      if (left.length === 0) return undefined;
      await pipeline(archive(files.filter((each) => !left.includes(each))), createWriteStream(to));
      return total(left);
    }
    const { config, layers } = await readDockerArchive(files);
    const left = layers.filter(isPresent);
    if (left.length === 0) return undefined;
    const manifest = jsonBlob(mediaTypes.manifest, {
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      config: descriptor(config),
      layers: layers.map(descriptor),
    });
    const blobs = [...layers.filter((layer) => !left.includes(layer)), config, manifest];
    await writeLayout(blobs, manifest, reference, to);
    return total(left);
  } catch (error) {
    if (error instanceof UnknownFormat) return undefined;
    throw error;
  }
}

/** Returns the digest of the blob at a path: `blobs/sha256/0123…`. */
const digestOf = (path: string): string => path.replace(/^blobs\/([^/]+)\//, '$1:');

const total = (left: readonly { readonly size: number }[]): number => left.reduce((sum, { size }) => sum + size, 0);

/**
 * Reads the parts of an image from an archive as Docker wrote them until version 24, and podman still does: its layers
 * are not compressed.
 * @throws {UnknownFormat}
 */
async function readDockerArchive(files: readonly ArchiveFile[]): Promise<{ config: Blob; layers: readonly Blob[] }> {
  const byPath = new Map(files.map((each) => [each.path, each]));
  const find = (path: string): ArchiveFile => {
    const found = byPath.get(path);
    if (found === undefined) throw new UnknownFormat(`The archive has no file ${path}.`);
    return found;
  };
  const images = JSON.parse((await readContent(find('manifest.json'))).toString()) as readonly {
    readonly Config: string;
    readonly Layers: readonly string[];
  }[];
  const [image] = images;
  if (image === undefined || images.length > 1) throw new UnknownFormat('The archive has not exactly one image.');
  const bytes = await readContent(find(image.Config));
  const { rootfs } = JSON.parse(bytes.toString()) as {
    readonly rootfs: { readonly diff_ids: readonly string[] };
  };
  const layers = image.Layers.map((path, index) => {
    const { size, content } = find(path);
    return { mediaType: mediaTypes.layer, digest: rootfs.diff_ids[index] ?? '', size, content };
  });
  return { config: bytesBlob(mediaTypes.config, bytes), layers };
}
