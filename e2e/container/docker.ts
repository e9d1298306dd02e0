/**
 * Docker for the tests of this folder. Images are built and containers are run with the same commands that a person
 * would type.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa, execaSync } from 'execa';
import { paths, ports } from '../../service/contract/index.ts';
import { testUnless } from '../needs.ts';
import { variables } from '../suite.ts';
import { cleanUpAtEnd } from '../cleanup.ts';

export const root = join(import.meta.dirname, '../..');

const version = execaSync('docker', ['version', '--format', '{{.Server.Version}}'], { reject: false });
const skipReason = version.failed
  ? `needs docker: ${version.code === 'ENOENT' ? 'not installed' : 'the Docker Engine does not respond'}`
  : undefined;

/** Distinguishes this run's images, containers and Compose projects from those of other runs. */
const run = process.env[variables.id] ?? 'by-hand';
/** The label of every image that the tests build, which its containers inherit. */
export const label = `rhizome.test=${run}`;
/** The only tag that the tests create. All other images stay untagged, so that no tag of the user's moves. */
const sharedTag = `rhizome-test:${run}`;
if (skipReason === undefined) {
  cleanUpAtEnd('docker', 'image', 'prune', '--force', '--filter', `label=${label}`);
  cleanUpAtEnd('docker', 'image', 'rm', '--force', sharedTag);
  cleanUpAtEnd('sh', '-c', `docker ps --all --quiet --filter label=${label} | xargs -r docker rm --force --volumes`);
}

/** Defines a test that needs the Docker Engine. The untagged images that it builds are removed after it. */
export function testWithDocker(title: string, run: () => Promise<void>): void {
  testUnless(skipReason, title, async () => {
    try {
      await run();
    } finally {
      await docker(['image', 'prune', '--force', '--filter', `label=${label}`]);
    }
  });
}

/** Runs `docker` and returns its standard output. Rejects with the output if it fails or takes over five minutes. */
export async function docker(
  args: readonly string[],
  options: { readonly input?: string; readonly cwd?: string } = {},
): Promise<string> {
  const { stdout } = await execa('docker', args, {
    cwd: root,
    env: { DOCKER_BUILDKIT: '1' },
    timeout: 300_000,
    input: '',
    ...options,
  });
  return stdout;
}

/** Returns what `docker inspect` prints for a Go template, parsed: `.State`, for example. */
export async function inspect<T>(id: string, template: string): Promise<T> {
  return JSON.parse(await docker(['inspect', '--format', `{{json ${template}}}`, id])) as T;
}

export interface BuildOptions {
  /** @default this repository */
  readonly context?: string;
  readonly flags?: readonly string[];
  /** Paths of files by the id of the build secret. They take precedence over those from this machine's environment. */
  readonly secrets?: Readonly<Record<string, string>>;
}

/**
 * Builds the Dockerfile with the base images and the certificate authority that are set in the environment.
 * @returns the image's id
 */
export async function build({ context = root, flags = [], secrets = {} }: BuildOptions = {}): Promise<string> {
  const { NODE_EXTRA_CA_CERTS: ca } = process.env;
  const bases = ['BUILD_IMAGE', 'BASE_IMAGE'].filter((name) => (process.env[name] ?? '') !== '');
  return docker([
    'build',
    '--quiet',
    '--label',
    label,
    ...bases.flatMap((name) => ['--build-arg', name]),
    ...Object.entries({ ...(ca === undefined ? {} : { ca }), ...secrets }).flatMap(([id, src]) => [
      '--secret',
      `id=${id},src=${src}`,
    ]),
    ...flags,
    context,
  ]);
}

let built: Promise<string> | undefined;
/** Returns the id of the image that a user gets. Builds it on the first call. */
export const irisImage = (): Promise<string> => (built ??= build({ flags: ['--tag', sharedTag] }));

/** Runs a container as the manifests do: it can write nowhere, has no capabilities, and cannot gain any. */
export const restricted = ['--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'] as const;

export interface Container extends AsyncDisposable {
  readonly id: string;
  /** Base URL of the service, reachable from this machine. */
  readonly url: string;
  /** Resolves when `/readyz` returns 200. Rejects with the log after 30 s. */
  waitUntilReady(): Promise<void>;
  logs(): Promise<string>;
}

/** Starts a container with `docker run --detach`. It is removed when the variable that holds it goes out of scope. */
export async function start(flags: readonly string[] = [], image?: string): Promise<Container> {
  const id = await docker([
    'run',
    '--detach',
    '--publish',
    `127.0.0.1::${ports.http.number}`,
    ...flags,
    image ?? (await irisImage()),
  ]);
  const published = await docker(['port', id, String(ports.http.number)]);
  const url = `http://${published}`;
  const logs = async (): Promise<string> => (await execa('docker', ['logs', id], { all: true })).all;
  return {
    id,
    url,
    logs,
    waitUntilReady: () => waitUntilReady(url, logs),
    [Symbol.asyncDispose]: async () => {
      await docker(['rm', '--force', '--volumes', id]);
    },
  };
}

/** Resolves when the service at `url` is ready. Rejects with its log after 30 s. */
export async function waitUntilReady(url: string, logs: () => Promise<string>): Promise<void> {
  try {
    await waitUntil(`${url}${paths.ready} returns 200`, async () => (await fetch(url + paths.ready)).ok);
  } catch (error) {
    throw new Error(`The service did not become ready. Its log:\n${await logs()}`, { cause: error });
  }
}

/**
 * Waits until `condition` resolves to true. If it throws, that counts as false. Rejects after `seconds`, with the last
 * error as the cause.
 */
export async function waitUntil(what: string, condition: () => Promise<boolean>, seconds = 30): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  let cause: unknown;
  do {
    try {
      if (await condition()) return;
    } catch (error) {
      cause = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  } while (Date.now() < deadline);
  throw new Error(`Timed out after ${seconds} s, waiting until ${what}`, { cause });
}

export interface Prediction {
  readonly prediction: string;
  readonly model: { readonly name: string; readonly version: string };
}

/** Requests the prediction for one setosa flower. */
export async function predict(url: string): Promise<Prediction> {
  const response = await fetch(url + paths.predictions, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ sepal_length: 5.1, sepal_width: 3.5, petal_length: 1.4, petal_width: 0.2 }),
  });
  if (!response.ok) throw new Error(`HTTP ${response.status}: ${await response.text()}`);
  return (await response.json()) as Prediction;
}

/** Creates a folder that is removed when the variable that holds it goes out of scope. */
export function temporaryFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'rhizome-'));
  return {
    path,
    [Symbol.dispose]: () => {
      rmSync(path, { recursive: true, force: true });
    },
  };
}

/** Copies a folder or a file from an image to `folder`, without running anything in the image. */
export async function copyFromImage(image: string, path: string, folder: string): Promise<void> {
  const id = await docker(['create', image]);
  try {
    await docker(['cp', `${id}:${path}`, folder]);
  } finally {
    await docker(['rm', id]);
  }
}
