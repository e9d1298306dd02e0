import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { imagesFile, readRecordedImages, type RecordedImage } from '../../infra/props/recorded-images.ts';
import { splitRegistry } from '../../infra/props/image-reference.ts';
import { Failure, UsageError } from '../failure.ts';
import { imageTag, type ContainerEngine } from '../tools/container-engine.ts';
import { exec, type ExecContext } from '../tools/exec.ts';
import { inspectImage } from './content-tag.ts';
import { nameInRegistry, pushImage } from './push.ts';

/** An image that is in a registry, and recorded. */
export interface Recorded extends RecordedImage {
  /** Repository, tag and digest. */
  readonly reference: string;
}

/**
 * Returns the name that an image is pushed under.
 * @param registry the one to push to. @default the registry in the image's name
 * @throws {UsageError} if there is none: the engine would push to Docker Hub's own images
 */
export function nameToPush(image: string, registry: string | undefined): string {
  if (registry !== undefined) return nameInRegistry(registry, image);
  if (splitRegistry(image).registry !== undefined) return image;
  throw new UsageError(`The image name ${image} has no registry to push to.`, {
    hint: 'Add one to `image` in infra/environments.ts, such as registry.example/team/NAME:TAG, or pass --registry.',
  });
}

/**
 * Pushes an image of this machine, and records its digest in infra/images.json, from which the manifests take it.
 * @param platforms that it was built for. @default what the engine says that it is for
 * @throws {Failure} if the registry rejects the image or does not report its digest
 */
export async function pushAndRecord(
  context: ExecContext,
  engine: ContainerEngine,
  { image, name, platforms }: { readonly image: string; readonly name: string; readonly platforms?: readonly string[] },
): Promise<Recorded> {
  if (name !== image) await exec(context, imageTag(engine, image, name));
  const digest = await pushImage(context, engine, name);
  if (digest === undefined)
    throw new Failure(`${engine} pushed ${name}, but did not print its digest.`, {
      hint: `Nothing was recorded. Find the digest with \`docker buildx imagetools inspect ${name}\`.`,
    });
  const recorded = { digest, platforms: platforms ?? [await platformOf(context, engine, image)] };
  await record(context.root, name, recorded);
  return { ...recorded, reference: `${name}@${digest}` };
}

async function platformOf(context: ExecContext, engine: ContainerEngine, image: string): Promise<string> {
  const { Os = 'linux', Architecture, Variant } = await inspectImage(context, engine, image);
  return [Os, Architecture, ...(Variant ? [Variant] : [])].join('/');
}

async function record(root: string, name: string, recorded: RecordedImage): Promise<void> {
  const file = join(root, imagesFile);
  const images = { ...readRecordedImages(file), [name]: recorded };
  const sorted = Object.fromEntries(Object.entries(images).toSorted(([one], [other]) => (one < other ? -1 : 1)));
  await mkdir(dirname(file), { recursive: true });
  const temporary = `${file}.${String(process.pid)}`;
  await writeFile(temporary, `${JSON.stringify(sorted, null, 2)}\n`);
  await rename(temporary, file);
}
