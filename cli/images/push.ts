import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRegistry, parseImageReference, splitRegistry } from '../../infra/props/image-reference.ts';
import { Failure, UsageError } from '../failure.ts';
import { dockerManifest, imagePush, imageTag, type ContainerEngine } from '../tools/container-engine.ts';
import { CommandFailed, exec, type ExecContext } from '../tools/exec.ts';
import { pushProgress } from './push-progress.ts';

export interface Pushed {
  /** The image reference for the manifests: registry, name, tag and, if the registry reported it, the digest. */
  readonly reference: string;
  /** Why there was nothing to push. */
  readonly skipped?: string;
}

/** Timeout of the check whether a registry has an image. A push finds out by itself. */
const checkMilliseconds = 15_000;

/**
 * Returns an image's name in a registry.
 * @param registry host and optional path: `registry.example:5000/team`
 * @throws {UsageError} if it isn't a valid registry
 */
export function nameInRegistry(registry: string, image: string): string {
  // The image's name may already contain another registry.
  const name = `${registry.replace(/\/+$/, '')}/${splitRegistry(image).path}`;
  const [host = ''] = registry.split('/');
  if (parseImageReference(name) !== undefined && isRegistry(host)) return name;
  throw new UsageError(`--registry ${registry} is not a valid registry.`, {
    hint: 'Expected a host and an optional path, without https://: registry.example/team or localhost:5000.',
  });
}

/**
 * Pushes an image of this machine to a registry that the nodes can pull from, unless the registry already has it: the
 * image's tag is content-based, so the same name means the same image.
 * @throws {Failure} if the registry doesn't respond or rejects the image
 */
export async function push(
  context: ExecContext,
  engine: ContainerEngine,
  registry: string,
  image: string,
): Promise<Pushed> {
  const name = nameInRegistry(registry, image);
  const existing = engine === 'docker' ? await remoteDigest(context, name) : undefined;
  if (existing !== undefined) return { reference: `${name}@${existing}`, skipped: `${registry} already has it` };
  await exec(context, imageTag(engine, image, name));
  const digest = await pushImage(context, engine, name);
  return { reference: digest === undefined ? name : `${name}@${digest}` };
}

/**
 * Pushes an image of this machine under its name.
 * @returns its digest; undefined if the registry did not report it
 * @throws {Failure} if the registry doesn't respond or rejects the image
 */
export async function pushImage(
  context: ExecContext,
  engine: ContainerEngine,
  name: string,
): Promise<string | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'rhizome-push-'));
  try {
    const digestFile = join(folder, 'digest');
    const output = await exec(context, imagePush(engine, name, digestFile), {
      stream: true,
      share: pushProgress(),
    });
    return engine === 'docker' ? parsePushedDigest(output) : (await readFile(digestFile, 'utf8')).trim();
  } catch (error) {
    throw error instanceof CommandFailed ? explain(error, engine, splitRegistry(name).registry ?? 'docker.io') : error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Reads the digest in `v1: digest: sha256:… size: 1234`, which `docker push` prints last. */
const parsePushedDigest = (output: string): string | undefined => /digest: (sha256:[0-9a-f]{64})/.exec(output)?.[1];

/**
 * Returns the digest of a single-platform image in a registry; undefined if there is none or it cannot be determined.
 * An index of several platforms is pushed again, which finds its layers there.
 */
async function remoteDigest(context: ExecContext, name: string): Promise<string | undefined> {
  try {
    const manifest = JSON.parse(await exec(context, dockerManifest(name), { timeout: checkMilliseconds })) as {
      Descriptor?: { digest?: string };
    };
    return manifest.Descriptor?.digest;
  } catch (error) {
    if (error instanceof CommandFailed || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Explains a failed push by the container engine's last messages, which have no codes. */
function explain(error: CommandFailed, engine: ContainerEngine, host: string): Failure {
  const output = error.details.join('\n');
  const failure = (message: string, hint: string): Failure =>
    new Failure(message, { details: error.details.slice(-5), hint, cause: error });
  if (/unauthorized|authentication required|no basic auth|access denied|denied:|forbidden/i.test(output)) {
    return failure(`The registry ${host} denied the push.`, `Log in as a user who may push: ${engine} login ${host}`);
  }
  if (/HTTP response to HTTPS client/.test(output)) {
    return failure(
      `The registry ${host} uses HTTP, but ${engine} requires HTTPS.`,
      engine === 'docker'
        ? `Add "${host}" to "insecure-registries" in Docker's daemon.json.`
        : 'Add it to registries.conf with insecure = true.',
    );
  }
  if (/connection refused|no such host|timeout|deadline exceeded|no route to host|unreachable|EOF/i.test(output)) {
    return failure(`The registry ${host} does not respond.`, 'Check its name, and that this machine can reach it.');
  }
  if (/x509|certificate/i.test(output))
    return failure(
      `${engine} does not trust the certificate of the registry ${host}.`,
      `Add its certificate authority to ${engine}'s trusted ones.`,
    );
  return error;
}
