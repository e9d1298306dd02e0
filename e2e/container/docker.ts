/** Docker, as the tests of this folder use it: images are built and containers run by the commands that a person types. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa, execaSync } from 'execa';
import { paths, ports } from '../../service/contract/index.ts';
import { testUnless } from '../needs.ts';
import { variables } from '../suite.ts';
import { cleanUpAtEnd } from '../cleanup.ts';

export const root = join(import.meta.dirname, '../..');

const engine = execaSync('docker', ['version', '--format', '{{.Server.Version}}'], { reject: false });
const missing = engine.failed
  ? `needs docker: ${engine.code === 'ENOENT' ? 'not installed' : 'its Engine does not answer'}`
  : undefined;

/** Tells this run's images, containers and Compose projects from those of another one. */
const run = process.env[variables.id] ?? 'by-hand';
/** On every image that the tests build, and so on its containers. They have no name, so that nobody's tag moves; only the one they share has. */
const label = `rhizome.test=${run}`;
const shared = `rhizome-test:${run}`;
if (missing === undefined) {
  cleanUpAtEnd('docker', 'image', 'prune', '--force', '--filter', `label=${label}`);
  cleanUpAtEnd('docker', 'image', 'rm', '--force', shared);
  cleanUpAtEnd('sh', '-c', `docker ps --all --quiet --filter label=${label} | xargs -r docker rm --force --volumes`);
}

/** A test that needs a Docker Engine. The images that it builds are removed after it. */
export function testWithDocker(title: string, run: () => Promise<void>): void {
  testUnless(missing, title, async () => {
    try {
      await run();
    } finally {
      await docker(['image', 'prune', '--force', '--filter', `label=${label}`]);
    }
  });
}

/** Runs `docker` and returns what it printed. Fails with its output, or after five minutes. */
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

export async function inspect<T>(id: string, template: string): Promise<T> {
  return JSON.parse(await docker(['inspect', '--format', `{{json ${template}}}`, id])) as T;
}

export interface BuildOptions {
  /** @default this repository */
  readonly context?: string;
  readonly flags?: readonly string[];
  /** Files by the id of the build secret, over those of this machine's environment. */
  readonly secrets?: Readonly<Record<string, string>>;
}

/** Builds the Dockerfile, with the bases and the certificate authority that the environment names. Returns the image's id. */
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
/** The image that a user gets, built once. */
export const irisImage = (): Promise<string> => (built ??= build({ flags: ['--tag', shared] }));

export interface Container extends AsyncDisposable {
  readonly id: string;
  /** Where the service answers, from this machine. */
  readonly url: string;
  /** Resolves once `/readyz` is 200; fails after 30 s with the log. */
  ready(): Promise<void>;
  logs(): Promise<string>;
}

/** `docker run --detach`; removed when the variable that holds it goes out of scope. */
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
    ready: () => ready(url, logs),
    [Symbol.asyncDispose]: async () => {
      await docker(['rm', '--force', '--volumes', id]);
    },
  };
}

/** Resolves once the service at `url` is ready; fails after 30 s with its log. */
export async function ready(url: string, logs: () => Promise<string>): Promise<void> {
  try {
    await until(`${url}${paths.ready} is 200`, async () => (await fetch(url + paths.ready)).ok);
  } catch (error) {
    throw new Error(`not ready; its log:\n${await logs()}`, { cause: error });
  }
}

/** Waits until `condition` resolves to true; what it throws counts as false. Fails after `seconds`, with its last error as cause. */
export async function until(what: string, condition: () => Promise<boolean>, seconds = 30): Promise<void> {
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
  throw new Error(`waited ${seconds} s in vain until ${what}`, { cause });
}

export interface Prediction {
  readonly prediction: string;
  readonly model: { readonly name: string; readonly version: string };
}

/** Asks for one setosa. */
export async function predict(url: string): Promise<Prediction> {
  const response = await fetch(url + paths.predictions, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ sepal_length: 5.1, sepal_width: 3.5, petal_length: 1.4, petal_width: 0.2 }),
  });
  if (!response.ok) throw new Error(`HTTP ${response.status}: ${await response.text()}`);
  return (await response.json()) as Prediction;
}

/** A folder that is removed when the variable that holds it goes out of scope. */
export function temporaryFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'rhizome-'));
  return {
    path,
    [Symbol.dispose]: () => {
      rmSync(path, { recursive: true, force: true });
    },
  };
}

/** Copies a folder, or a file, out of an image into `folder`; nothing of it is run. */
export async function copyOut(image: string, path: string, folder: string): Promise<void> {
  const id = await docker(['create', image]);
  try {
    await docker(['cp', `${id}:${path}`, folder]);
  } finally {
    await docker(['rm', id]);
  }
}
