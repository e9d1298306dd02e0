/** Images in an archive, as https://github.com/opencontainers/image-spec/blob/main/image-layout.md describes them. */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { archive, type ArchiveFile, type Content } from './tar.ts';

/** A part of an image that a registry stores by its digest. */
export interface Blob {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly content: Content;
}

export const mediaTypes = {
  layer: 'application/vnd.oci.image.layer.v1.tar',
  config: 'application/vnd.oci.image.config.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
} as const;

/** Returns the path of a blob in an archive. */
export const blobPath = ({ digest }: Pick<Blob, 'digest'>): string => `blobs/${digest.replace(':', '/')}`;

export const descriptor = ({ mediaType, digest, size }: Blob) => ({ mediaType, digest, size });

export function jsonBlob(mediaType: string, value: unknown): Blob {
  return bytesBlob(mediaType, Buffer.from(JSON.stringify(value)));
}

export function bytesBlob(mediaType: string, content: Buffer): Blob {
  const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`;
  return { mediaType, digest, size: content.length, content };
}

export function textFile(path: string, value: unknown): ArchiveFile {
  const content = Buffer.from(JSON.stringify(value));
  return { path, size: content.length, content };
}

/**
 * Writes an image to a file.
 *
 * @param image its manifest or index. The blobs may lack what the reader already has.
 * @param more other files for the archive
 */
export async function writeLayout(
  blobs: readonly Blob[],
  image: Blob,
  reference: string,
  file: string,
  more: readonly ArchiveFile[] = [],
): Promise<void> {
  const top = { ...descriptor(image), annotations: { 'io.containerd.image.name': reference } };
  await pipeline(
    archive([
      ...blobs.map((blob) => ({ path: blobPath(blob), ...blob })),
      textFile('index.json', { schemaVersion: 2, mediaType: mediaTypes.index, manifests: [top] }),
      ...more,
      textFile('oci-layout', { imageLayoutVersion: '1.0.0' }),
    ]),
    createWriteStream(file),
  );
}
