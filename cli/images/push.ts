import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRegistry, parseImageReference, splitRegistry } from '../../infra/props/image-reference.ts';
import { Failure, UsageError } from '../failure.ts';
import { dockerManifest, imagePush, imageTag, type ContainerEngine } from '../tools/container-engine.ts';
import { CommandFailed, exec, type ExecContext } from '../tools/exec.ts';

export interface Pushed {
  /** What the manifests name: registry, tag and, where the registry told it, the digest. */
  readonly reference: string;
  /** Why there was nothing to push. */
  readonly skipped?: string;
}

/** How long a registry may take to say whether it has an image, in milliseconds; a push finds out by itself. */
const askMilliseconds = 15_000;

/** @param registry host, and maybe a path: `registry.example:5000/team` @throws UsageError where it is none */
export function nameInRegistry(registry: string, image: string): string {
  // The image may be named after another registry already.
  const name = `${registry.replace(/\/+$/, '')}/${splitRegistry(image).path}`;
  const [host = ''] = registry.split('/');
  if (parseImageReference(name) !== undefined && isRegistry(host)) return name;
  throw new UsageError(`--registry ${registry} is no registry.`, {
    hint: 'As in --registry registry.example/team, or localhost:5000; without https://.',
  });
}

/**
 * Brings an image of this machine to a registry that the nodes can pull from. Its tag is by content: what the registry has
 * under that name is the same, and is left there.
 * @throws Failure where the registry does not answer, or does not take it
 */
export async function push(
  context: ExecContext,
  engine: ContainerEngine,
  registry: string,
  image: string,
): Promise<Pushed> {
  const name = nameInRegistry(registry, image);
  const held = engine === 'docker' ? await heldDigest(context, name) : undefined;
  if (held !== undefined) return { reference: `${name}@${held}`, skipped: `${registry} has it` };
  await exec(context, imageTag(engine, image, name));
  const folder = await mkdtemp(join(tmpdir(), 'rhizome-push-'));
  try {
    const digestFile = join(folder, 'digest');
    const output = await exec(context, imagePush(engine, name, digestFile), { stream: true });
    const digest =
      engine === 'docker'
        ? /digest: (sha256:[0-9a-f]{64})/.exec(output)?.[1]
        : (await readFile(digestFile, 'utf8')).trim();
    return { reference: digest === undefined ? name : `${name}@${digest}` };
  } catch (error) {
    throw error instanceof CommandFailed ? explain(error, engine, registry) : error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Of an image of one platform; an index of several is pushed again, which finds its layers there. Undefined too where nobody can tell. */
async function heldDigest(context: ExecContext, name: string): Promise<string | undefined> {
  try {
    const answer = JSON.parse(await exec(context, dockerManifest(name), { timeout: askMilliseconds })) as {
      Descriptor?: { digest?: string };
    };
    return answer.Descriptor?.digest;
  } catch (error) {
    if (error instanceof CommandFailed || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function explain(error: CommandFailed, engine: ContainerEngine, registry: string): Failure {
  const [host = ''] = registry.split('/');
  const said = error.details.join('\n');
  const as = (message: string, hint: string): Failure =>
    new Failure(message, { details: error.details.slice(-5), hint, cause: error });
  if (/unauthorized|authentication required|no basic auth|access denied|denied:|forbidden/i.test(said)) {
    return as(
      `The registry ${host} does not let ${engine} push there.`,
      `Log in, as one who may: ${engine} login ${host}`,
    );
  }
  if (/HTTP response to HTTPS client/.test(said)) {
    return as(
      `The registry ${host} speaks HTTP, and ${engine} wants HTTPS.`,
      engine === 'docker'
        ? `Add "${host}" to "insecure-registries" in Docker's daemon.json.`
        : `Name it in registries.conf, with insecure = true.`,
    );
  }
  if (/connection refused|no such host|timeout|deadline exceeded|no route to host|unreachable|EOF/i.test(said)) {
    return as(`The registry ${host} does not answer.`, 'Is the name right, and can this machine reach it?');
  }
  if (/x509|certificate/i.test(said))
    return as(
      `The certificate of the registry ${host} is not one that ${engine} trusts.`,
      `Give ${engine} its certificate authority.`,
    );
  return error;
}
