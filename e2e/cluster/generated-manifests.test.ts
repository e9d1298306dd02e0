/** Manifests with every prop and every construct on a real API server: it accepts them, and stores what they say. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { App, Testing, Yaml } from 'cdk8s';
import { execa, execaSync } from 'execa';
import { PredictionChart } from '../../infra/charts/prediction-chart.ts';
import { everyConstruct } from '../../infra/fixtures/every-construct.ts';
import { generatedProps, type OptionalProp } from '../../infra/fixtures/generated-props.ts';
import type { Manifest } from '../../infra/fixtures/manifests.ts';
import {
  kubernetesVersions,
  newestKubernetesVersion,
  type KubernetesVersion,
} from '../../infra/kubernetes-schemas/versions.ts';
import { clusterTest, context, isOwn, kubectl, kubectlApply, name, useTestbed } from './testbed.ts';

const testbed = useTestbed();

clusterTest('the API server accepts every object of 300 generated sets of props, without a warning', async () => {
  // The namespace warns about pods that violate "restricted". kubectl sends at most 50 requests a second.
  const parts = await Promise.all(
    [0, 75, 150, 225].map(async (first) => {
      const manifests = Array.from({ length: 75 }, (_, index) => generated(first + index)).flat();
      const { stdout, stderr } = await apply(await write(`generated-${first}.yaml`, manifests), '--dry-run=server');
      return { stderr, accepted: stdout.split('\n').length, sent: manifests.length };
    }),
  );
  expect(parts.map(({ stderr }) => stderr)).toEqual(['', '', '', '']);
  expect(parts.map(({ accepted }) => accepted)).toEqual(parts.map(({ sent }) => sent));
});

clusterTest('kubectl diff is empty after objects of every kind were applied', async () => {
  // Without pods, whose images do not exist, and without objects of the whole cluster.
  const never = ['priority', 'rollout'] as const;
  const sets = Array.from({ length: 12 }, (_, seed) => generated(seed, { replicas: 0 }, never)).flat();
  const [plain] = everyConstruct(serverVersion());
  const manifests = (Testing.synth(plain!) as Manifest[]).filter(
    ({ metadata }) => metadata.namespace === 'iris-server',
  );
  const file = await write('every-construct.yaml', [...sets, ...manifests]);
  await writeFile(file, (await readFile(file, 'utf8')).replaceAll('namespace: iris-server', `namespace: ${name}`));
  try {
    expect((await apply(file)).stderr).toBe('');
    const [, ...flags] = kubectlApply;
    const diff = await execa('kubectl', ['--context', context, 'diff', ...flags, file], {
      reject: false,
      timeout: 120_000,
    });
    const { stdout, stderr, exitCode } = diff;
    expect({ stdout, stderr, exitCode }).toEqual({ stdout: '', stderr: '', exitCode: 0 });
  } finally {
    await kubectl('delete', '--wait=false', '--filename', file);
  }
});

/** Returns the manifests of generated props, in the testbed's namespace. */
function generated(
  seed: number,
  props: { readonly replicas?: number } = {},
  never: readonly OptionalProp[] = [],
): readonly Manifest[] {
  // Other Services of a shared cluster may have the node ports.
  const nodePorts = isOwn ? [] : (['nodePort', 'grpcNodePort'] as const);
  const options = { never: [...never, ...nodePorts], kubernetesVersion: serverVersion() };
  const all = { ...generatedProps(seed, options), ...props, namespace: name };
  return Testing.synth(new PredictionChart(new App(), 'generated', all)) as Manifest[];
}

let version: KubernetesVersion | undefined;

/** Returns the version of the cluster, or the newest supported one if that is older. */
function serverVersion(): KubernetesVersion {
  if (version !== undefined) return version;
  const { stdout } = execaSync('kubectl', ['--context', context, 'version', '--output', 'json'], { timeout: 60_000 });
  const { serverVersion: server } = JSON.parse(stdout) as { serverVersion: { major: string; minor: string } };
  const own = `${server.major}.${parseInt(server.minor)}`;
  return (version = kubernetesVersions.find((each) => each === own) ?? newestKubernetesVersion);
}

async function write(file: string, manifests: readonly Manifest[]): Promise<string> {
  const path = join(testbed().project.folder, file);
  await writeFile(path, Yaml.stringify(...manifests));
  return path;
}

const apply = (file: string, ...args: readonly string[]) =>
  execa('kubectl', ['--context', context, ...kubectlApply, file, ...args], { timeout: 120_000 });
