/** The cluster that the suite runs against, with the product on it: one of the suite's own, or what `--context` names. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa, execaSync } from 'execa';
import { loadOfExamples } from '../../cli/load/examples.ts';
import type { LoadRequest } from '../../cli/load/attempt.ts';
import { kindCluster, variables } from '../suite.ts';
import { testUnless } from '../needs.ts';
import { cleanUpAtEnd } from '../cleanup.ts';
import { createWorkspace, type Run, type Workspace } from '../workspace.ts';
import { entryAddresses, freeNodePort } from './node-port.ts';

const {
  [variables.id]: id,
  [variables.context]: given,
  [variables.registry]: registry,
  [variables.port]: port,
} = process.env;

export const context = given ?? `kind-${kindCluster}`;
/** Of the Deployment and all that belongs to it, of its namespace, and of its image's repository: nobody else's. */
export const name = `iris-e2e-${id}`;
/** The cluster's name, where it is one of kind: its nodes are containers of this machine. */
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

/** Why the suite cannot run. */
function findSkipReason(): string | undefined {
  if (id === undefined) return 'run by `npm run e2e`, which cleans up';
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

/** A test of a file that uses `useTestbed`. */
export const clusterTest = (title: string, run: () => Promise<void>): void => {
  testUnless(skipReason, title, run);
};

/** A test that not every cluster allows: skipped by name where it does not, on CI too. */
export function testIfSupported(obstacle: string | undefined, title: string, run: () => Promise<void>): void {
  if (obstacle === undefined || skipReason !== undefined) clusterTest(title, run);
  else test.skip(`${title} (${obstacle})`, run);
}

/** Nodes that are containers: their processes can be signalled and they can be paused, both from this machine. */
export const noContainerNodes =
  kindName === undefined ? `the nodes of ${context} are no containers of this machine` : undefined;

export interface Up {
  readonly image: string;
  readonly answer: { readonly prediction: string; readonly model: { readonly version: string } };
  readonly log: string;
}

export interface Testbed {
  /** A copy of the project, with this testbed's names and ports. */
  readonly project: Workspace;
  /** `rhizome up` for this cluster; the test looks at the exit code. */
  tryUp(...args: readonly string[]): Promise<Run>;
  /** The same, where it has to succeed. */
  up(...args: readonly string[]): Promise<Up>;
  /** Base URL of the NodePort; asked for after the first `up`. */
  url(): Promise<string>;
  /** Replaces text in a file of the copy, where it stands at least once. */
  edit(file: string, text: string, by: string): Promise<void>;
  /** The bodies that the load sends, with what their answers have to be. */
  readonly requests: readonly LoadRequest[];
}

/** Fails after two minutes, with what kubectl said. */
export async function kubectl(...args: readonly string[]): Promise<string> {
  const { stdout } = await execa('kubectl', ['--context', context, '--namespace', name, ...args], { timeout: 120_000 });
  return stdout;
}

/** Opens the testbed for the tests of a file, and closes it after them. The cluster stays for the next file; e2e/run.ts removes it. */
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
    if (!before.includes(text)) throw new Error(`${file} has no '${text}' to replace`);
    await writeFile(path, before.replaceAll(text, by));
  };
  for (const file of ['infra/environments.ts', 'charts-out/local.k8s.yaml']) await edit(file, 'iris-server', name);
  if (isOwn) {
    await edit('kind.yaml', 'name: rhizome\n', `name: ${kindCluster}\n`);
    await edit('kind.yaml', 'hostPort: 8080', `hostPort: ${port}`);
  } else {
    const nodePort = String(await freeNodePort(context, name));
    for (const file of ['infra/environments.ts', 'charts-out/local.k8s.yaml']) await edit(file, '30080', nodePort);
  }
  const where = isOwn
    ? ['--on', 'kind']
    : ['--on', `context=${context}`, ...(registry === undefined ? [] : ['--registry', registry])];
  const tryUp = (...args: readonly string[]): Promise<Run> =>
    project.rhizome('up', ...where, '--detach', '--json', ...args);
  let url: string | undefined;
  // Where they go, each event says.
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
      (url ??= isOwn ? `http://127.0.0.1:${port}` : await firstToAnswer(await entryAddresses(context, name))),
    requests,
  };
}

export function expectSuccess(run: Run): void {
  if (run.exitCode !== 0) throw new Error(`exit code ${run.exitCode}\n${run.stdout}\n${run.stderr}`);
}

/** Tells e2e/run.ts what there will be to remove. */
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
    const remove = `ctr --namespace k8s.io images ls --quiet | grep -F ${name} | xargs -r ctr --namespace k8s.io images rm`;
    for (const node of (await execa('kind', ['get', 'nodes', '--name', kindName])).stdout.split('\n'))
      cleanUpAtEnd('docker', 'exec', node, 'sh', '-c', remove);
  }
  cleanUpAtEnd('kubectl', '--context', context, 'delete', 'namespace', name, '--ignore-not-found');
  cleanUpAtEnd('kubectl', '--context', context, 'delete', 'priorityclass', name, '--ignore-not-found');
}

async function firstToAnswer(addresses: readonly string[]): Promise<string> {
  for (const url of addresses) {
    if (
      await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(3000) }).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      return url;
  }
  throw new Error(
    `the Service's NodePort is at ${addresses.join(', ')}, and none answers here: the suite needs a way from this machine to a node`,
  );
}
