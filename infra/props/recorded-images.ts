import { existsSync, readFileSync } from 'node:fs';
import { parseImageReference } from './image-reference.ts';
import { InvalidPropsError } from './invalid-props-error.ts';

/** What a registry got when an image was pushed. */
export interface RecordedImage {
  /** Digest of the image or, if it is for several platforms, of their index: `sha256:…`. */
  readonly digest: string;
  /** What it runs on, such as `linux/amd64`. At least one. */
  readonly platforms: readonly string[];
}

/** The images that were pushed, by repository and tag: `registry.example/iris-server:v0.1.0`. */
export type RecordedImages = Readonly<Record<string, RecordedImage>>;

/** The file that `rhizome build --push` writes, from the project's root. It is committed. */
export const imagesFile = 'infra/images.json';

/**
 * Reads which images were pushed.
 *
 * @returns nothing if there is no such file
 * @throws {InvalidPropsError} if it is not such a file
 */
export function readRecordedImages(file: string = imagesFile): RecordedImages {
  if (!existsSync(file)) return {};
  let images: unknown;
  try {
    images = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    throw unreadable(file, 'the file', 'is not JSON');
  }
  if (typeof images !== 'object' || images === null || Array.isArray(images))
    throw unreadable(file, 'the file', 'is not an object with images');
  for (const [image, recorded] of Object.entries(images as Readonly<Record<string, unknown>>))
    if (!isRecord(image, recorded)) throw unreadable(file, image, 'is not an image with its digest and platforms');
  return images as RecordedImages;
}

/**
 * Returns the props of an image that was pushed: its reference with the digest that `rhizome build --push` recorded,
 * and the platforms that it was built for. One that was not pushed, or that has another digest, stays as it is.
 *
 * `synthesize` does this for environments with `requireDigest`. In your own cdk8s app, spread the result into the props
 * of a PredictionService.
 *
 * @param image repository and tag, such as `registry.example/iris-server:v0.1.0`, with or without the digest
 * @param file where images are recorded, from the working directory
 */
export function recordedImage(
  image: string,
  file: string = imagesFile,
): { readonly image: string; readonly platforms?: readonly string[] } {
  const images = readRecordedImages(file);
  const [tagged = image, digest] = image.split('@');
  const recorded = Object.hasOwn(images, tagged) ? images[tagged] : undefined;
  if (recorded === undefined || (digest !== undefined && digest !== recorded.digest)) return { image };
  return { image: `${tagged}@${recorded.digest}`, platforms: recorded.platforms };
}

function isRecord(image: string, recorded: unknown): boolean {
  const { digest, platforms } = (recorded ?? {}) as { readonly digest?: unknown; readonly platforms?: unknown };
  return (
    parseImageReference(`${image}@${String(digest)}`)?.digest !== undefined &&
    Array.isArray(platforms) &&
    platforms.length > 0 &&
    platforms.every((platform) => typeof platform === 'string' && /^[a-z\d]+\/[a-z\d]+(\/[a-z\d]+)?$/.test(platform))
  );
}

const unreadable = (file: string, prop: string, reason: string): InvalidPropsError =>
  new InvalidPropsError(file, [
    { prop, value: file, reason, fix: 'Restore the file from Git, or write it again with `rhizome build --push`.' },
  ]);
