/** The cluster to which the suite deploys the service: its own kind cluster, or the one that `--context` names. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa, execaSync } from 'execa';
import { loadOfExamples } from '../../cli/load/examples.ts';
import type { LoadRequest } from '../../cli/load/attempt.ts';
import { kindCluster, variables } from '../suite.ts';
import { testUnless } from '../needs.ts';
import { cleanUpAtEnd } from '../cleanup.ts';
import { createWorkspace, type Run, type Workspace } from '../workspace.ts';
import { chooseNodePorts, nodePortUrls } from './node-port.ts';

const {
  [variables.id]: id,
  [variables.context]: given,
  [variables.registry]: registry,
  [variables.port]: port,
} = process.env;

export const context = given ?? `kind-${kindCluster}`;
/** The name of the Deployment, the objects that belong to it, its namespace and its image. It is unique to this run. */
export const name = `iris-e2e-${id}`;
/** The name of the cluster if it is a kind cluster, whose nodes are containers on this machine. */
export const kindName = /^kind-(.+)$/.exec(context)?.[1];
/** Whether the cluster is the suite's own. */
export const isOwn = given === undefined;

export const kubectlApply = [
  'apply',
  '--server-side',
  '--force-conflicts',
  '--field-manager=rhizome',
  '--filename',
] as const;

/** Returns why the suite cannot run, or undefined if it can. */
function findSkipReason(): string | undefined {
  if (id === undefined) return 'runs only with `npm run e2e`, which cleans up';
  for (const [tool, ...args] of [
    ['docker', 'version'],
    ['kubectl', 'version', '--client'],
    ...(isOwn ? [['kind', 'version']] : []),
  ]) {
    const { failed, code } = execaSync(tool!, args, { reject: false });
    if (failed) return `needs ${tool}: ${code === 'ENOENT' ? 'not installed' : 'it does not work'}`;
  }
  return undefined;
}
export const skipReason = findSkipReason();

/** Defines a test in a file that uses `useTestbed`. If the suite cannot run, the test is skipped; on CI it fails. */
export const clusterTest = (title: string, run: () => Promise<void>): void => {
  testUnless(skipReason, title, run);
};

/**
 * Defines a test that not every cluster supports. If this one does not, the test is skipped, with the reason in its
 * title, even on CI.
 */
export function testIfSupported(unsupported: string | undefined, title: string, run: () => Promise<void>): void {
  if (unsupported === undefined || skipReason !== undefined) clusterTest(title, run);
  else test.skip(`${title} (${unsupported})`, run);
}

/** Why a test cannot signal the processes of nodes or pause nodes: this requires nodes that are containers. */
export const noContainerNodes =
  kindName === undefined ? `the nodes of ${context} are not containers on this machine` : undefined;

export interface Up {
  readonly image: string;
  readonly answer: { readonly prediction: string; readonly model: { readonly version: string } };
  readonly log: string;
}

/** A project that is deployed to the cluster. */
export interface Testbed {
  /** A copy of the project, with this testbed's names and ports. */
  readonly project: Workspace;
  /** Runs `rhizome up` for this cluster. Never rejects: the test checks the exit code. */
  tryUp(...args: readonly string[]): Promise<Run>;
  /** Runs `rhizome up` for this cluster. Rejects if it fails. */
  up(...args: readonly string[]): Promise<Up>;
  /** Returns the base URL of the NodePort. Call this only after the first `up`. */
  url(): Promise<string>;
  /** Replaces a text everywhere in a file of the copy. Rejects if the file does not contain it. */
  edit(file: string, text: string, by: string): Promise<void>;
  /** The bodies that the load sends, with checks of the responses. */
  readonly requests: readonly LoadRequest[];
}

/** Runs kubectl in the testbed's namespace. @returns its standard output. Rejects if it fails or after two minutes. */
export async function kubectl(...args: readonly string[]): Promise<string> {
  const { stdout } = await execa('kubectl', ['--context', context, '--namespace', name, ...args], { timeout: 120_000 });
  return stdout;
}

/** Returns the names of the kind cluster's nodes. */
export async function kindNodes(): Promise<readonly string[]> {
  const { stdout } = await execa('kind', ['get', 'nodes', '--name', kindName!], { timeout: 30_000 });
  return stdout.split('\n');
}

/**
 * Creates a testbed before the tests of a file, and removes its copy of the project after them. The cluster is left for
 * the next file; e2e/run.ts deletes it in the end.
 */
export function useTestbed(prepare: (testbed: Testbed) => Promise<unknown> = (testbed) => testbed.up()): () => Testbed {
  let testbed: Testbed | undefined;
  if (skipReason === undefined) {
    beforeAll(async () => {
      testbed = await openTestbed();
      await prepare(testbed);
    });
    afterAll(() => testbed?.project.remove());
  }
  return () => testbed!;
}

async function openTestbed(): Promise<Testbed> {
  await registerCleanUps();
  const project = await createWorkspace();
  const edit = async (file: string, text: string, by: string): Promise<void> => {
    const path = join(project.folder, file);
    const before = await readFile(path, 'utf8');
    if (!before.includes(text)) throw new Error(`${file} does not contain '${text}', which is to be replaced.`);
    await writeFile(path, before.replaceAll(text, by));
  };
  for (const file of ['infra/environments.ts', 'charts-out/local.k8s.yaml']) await edit(file, 'iris-server', name);
  if (isOwn) {
    await edit('kind.yaml', 'name: rhizome\n', `name: ${kindCluster}\n`);
    await edit('kind.yaml', 'hostPort: 8080', `hostPort: ${port}`);
  } else {
    const nodePorts = await chooseNodePorts(context, name);
    for (const file of ['infra/environments.ts', 'charts-out/local.k8s.yaml']) {
      for (const [index, port] of ['30080', '30081'].entries()) await edit(file, port, String(nodePorts[index]));
    }
  }
  const target = isOwn
    ? ['--on', 'kind']
    : ['--on', `context=${context}`, ...(registry === undefined ? [] : ['--registry', registry])];
  const tryUp = (...args: readonly string[]): Promise<Run> =>
    project.rhizome('up', ...target, '--detach', '--json', ...args);
  let url: string | undefined;
  // Without a URL: each load sets its own.
  const requests = (await loadOfExamples(project.folder, '')).requests.map(({ body, isCorrect }) => ({
    body,
    isCorrect,
  }));
  return {
    project,
    tryUp,
    edit,
    async up(...args) {
      const run = await tryUp(...args);
      expectSuccess(run);
      const result = JSON.parse(run.stdout) as Omit<Up, 'log'> & { steps: { step: string; seconds: number }[] };
      console.log(`up: ${result.steps.map(({ step, seconds }) => `${step} ${seconds.toFixed(1)} s`).join(', ')}`);
      return { ...result, log: run.stderr };
    },
    url: async () =>
      (url ??= isOwn ? `http://127.0.0.1:${port}` : await firstReachable(await nodePortUrls(context, name))),
    requests,
  };
}

/** Throws an error with the output of a command if its exit code is not 0. */
export function expectSuccess(run: Run): void {
  if (run.exitCode !== 0) throw new Error(`Exit code ${run.exitCode}\n${run.stdout}\n${run.stderr}`);
}

/** Registers commands that remove from this machine and from the cluster what the testbed creates. */
async function registerCleanUps(): Promise<void> {
  cleanUpAtEnd(
    'sh',
    '-c',
    `docker image ls --format '{{.Repository}}:{{.Tag}}' | grep -F ${name} | xargs -r docker image rm`,
  );
  if (isOwn) {
    cleanUpAtEnd('kind', 'delete', 'cluster', '--name', kindCluster);
    return;
  }
  if (kindName !== undefined) {
    const ctr = 'ctr --namespace k8s.io images';
    const remove = `${ctr} ls --quiet | grep -F ${name} | xargs -r ${ctr} rm`;
    for (const node of await kindNodes()) cleanUpAtEnd('docker', 'exec', node, 'sh', '-c', remove);
  }
  cleanUpAtEnd('kubectl', '--context', context, 'delete', 'namespace', name, '--ignore-not-found');
}

/** Returns the first of the URLs at which the service is ready. */
async function firstReachable(urls: readonly string[]): Promise<string> {
  for (const url of urls) {
    if (
      await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(3000) }).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      return url;
  }
  throw new Error(
    `This machine cannot reach the Service's NodePort at any of ${urls.join(', ')}. ` +
      'The suite needs a route from this machine to a node of the cluster.',
  );
}
