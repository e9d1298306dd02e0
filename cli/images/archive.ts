import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseImageReference, splitRegistry } from '../../infra/props/image-reference.ts';
import { dockerApiVersion, imageSave, imageTag, type ContainerEngine } from '../tools/container-engine.ts';
import { exec, type ExecContext } from '../tools/exec.ts';
import { bytesAdded } from '../tools/measure-files.ts';
import { inspectImage } from './content-tag.ts';

/** The first version of Docker's API that can save a single platform of an image. */
const savesPlatform = { major: 1, minor: 48 };

/**
 * Saves an image of this machine, for one platform, to a file that exists while `use` runs. The file is deleted in any
 * case, even if a second Ctrl-C ends the process at once.
 */
export async function withArchive(
  context: ExecContext,
  engine: ContainerEngine,
  image: string,
  use: (file: string) => Promise<unknown>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'rhizome-image-'));
  const remove = (): void => {
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', remove);
  try {
    const file = join(folder, 'image.tar');
    await saveImage(context, engine, image, file);
    await use(file);
  } finally {
    process.off('exit', remove);
    remove();
  }
}

/** Saves an image of this machine, for one platform, to a file. */
export async function saveImage(
  context: ExecContext,
  engine: ContainerEngine,
  image: string,
  file: string,
): Promise<void> {
  const { Os = 'linux', Architecture, Size, GraphDriver } = await inspectImage(context, engine, image);
  // containerd's store has compressed layers, and does not say how large they are. An archive adds the headers of tar.
  const measure = await bytesAdded(dirname(file), GraphDriver?.Data ? Size : undefined);
  if (engine === 'podman') {
    // podman names it localhost/…, while Kubernetes expands a name without a registry to docker.io/….
    await exec(context, imageTag(engine, image, fullName(image)));
    await exec(context, imageSave(engine, fullName(image), file), { measure });
    return;
  }
  const [major = 0, minor = 0] = (await exec(context, dockerApiVersion(), { quiet: true })).split('.').map(Number);
  const canSavePlatform =
    major > savesPlatform.major || (major === savesPlatform.major && minor >= savesPlatform.minor);
  const platform = canSavePlatform ? `${Os}/${Architecture}` : undefined;
  await exec(context, imageSave(engine, image, file, platform), { measure });
}

/** Expands an image name as containerd and Kubernetes do: `iris-server:v1` to `docker.io/library/iris-server:v1`. */
export function fullName(image: string): string {
  const { registry, path } = splitRegistry(parseImageReference(image)?.repository ?? image);
  return registry === undefined ? `docker.io/${path.includes('/') ? '' : 'library/'}${image}` : image;
}
