/**
 * Runs the policy checkers for manifests on the committed charts and on charts with every construct, and the checker
 * for GitHub workflows.
 *
 * `.ci/policy-tools` installs the tools. The tests look for them in the folder POLICY_TOOLS, then on the PATH.
 * A failed check must be waived below, with the reason. A waiver that is no longer needed makes the test fail too.
 * infra/policy-linters.test.ts checks the same values with Node alone.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Testing, Yaml } from 'cdk8s';
import { execa } from 'execa';
import { parse } from 'yaml';
import { projects } from '../../cli/cluster/custom-kinds.ts';
import { environments } from '../../infra/environments.ts';
import { chartsWithEveryConstruct, everyConstruct } from '../../infra/fixtures/every-construct.ts';
import type { Manifest } from '../../infra/fixtures/manifests.ts';
import { kubernetesVersions } from '../../infra/kubernetes-schemas/versions.ts';
import { findTool, testWithTools } from '../needs.ts';

const noDigest = 'the digest is known only after the image is pushed; environments.ts says where to put it';
const spread = 'a required topology spread places pods on different nodes; kube-score knows only pod anti-affinity';
const secretVariable =
  'a library that reads a secret from a variable needs `env`; the API key of the service is a file';
const loaded = 'the image is loaded into the nodes, so there is no registry to pull it from';

/** Chart -> check -> why it is waived. */
const waived: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  local: {
    CKV_K8S_15: loaded,
    CKV_K8S_43: noDigest,
    'container-image-pull-policy': loaded,
    'deployment-has-host-podantiaffinity': spread,
    'service-type': 'kind can map only a NodePort to a port of this machine',
  },
  production: { CKV_K8S_43: noDigest, 'deployment-has-host-podantiaffinity': spread },
  plain: {
    CKV_K8S_35: secretVariable,
    'deployment-has-host-podantiaffinity': spread,
    'deployment-replicas': 'a shadow has one replica, because no client waits for its responses',
  },
  operators: {
    CKV_K8S_35: secretVariable,
    'deployment-has-host-podantiaffinity': spread,
    'deployment-replicas': 'KEDA sets the number; kube-score knows only the HorizontalPodAutoscaler that KEDA creates',
  },
};

/** Optional kube-score checks that are enabled. The others demand requests that equal the limits. */
const optional = ['container-seccomp-profile', 'container-ports-check'];

const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'rhizome-policy-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Writes a chart that has every construct. @returns the file */
function written(name: string): string {
  const file = join(folder, `${name}.k8s.yaml`);
  const chart = everyConstruct().find(({ node }) => node.id === name)!;
  // No tool but kubectl with its cluster knows the others.
  const known = (Testing.synth(chart) as Manifest[]).filter(({ apiVersion }) => !customApis.test(apiVersion));
  writeFileSync(file, Yaml.stringify(...known));
  return file;
}
const customApis = new RegExp(`^(${Object.keys(projects).join('|').replaceAll('.', '\\.')})/`);

/** Name -> file. */
const charts = Object.fromEntries([
  ...Object.keys(environments()).map((name) => [name, join(root, 'charts-out', `${name}.k8s.yaml`)] as const),
  ...chartsWithEveryConstruct.map((name) => [name, written(name)] as const),
]);
const waivers = (environment: string, like: RegExp) =>
  Object.keys(waived[environment] ?? {})
    .filter((check) => like.test(check))
    .sort();

describe.each(Object.entries(charts))('%s', (environment, chart) => {
  testWith('kube-score', 'kube-score reports only what is waived', async (tool) => {
    const args = [
      'score',
      '--output-format',
      'json',
      '--kubernetes-version',
      'v1.36',
      ...optional.flatMap((test) => ['--enable-optional-test', test]),
    ];
    const objects = await report<readonly KubeScoreObject[]>(tool, [...args, chart]);
    const checks = objects.flatMap((object) => object.checks);
    expect(checks.length).toBeGreaterThan(20);
    const failed = checks.filter(({ grade, skipped }) => !skipped && grade < 10).map(({ check }) => check.id);
    expect(unique(failed)).toEqual(waivers(environment, /^[a-z]/));
  });

  testWith('checkov', 'Checkov reports only what is waived', async (tool) => {
    const args = ['--compact', '--skip-download', '--framework', 'kubernetes', '--output', 'json', '--file'];
    const { results, summary } = await report<CheckovReport>(tool, [...args, chart]);
    expect(summary).toMatchObject({ parsing_errors: 0 });
    expect(summary.passed).toBeGreaterThan(80);
    expect(unique(results.failed_checks.map((check) => check.check_id))).toEqual(waivers(environment, /^CKV_/));
  });

  testWith('kubernetes-validate', 'kubernetes-validate accepts every document in strict mode', async (tool) => {
    for (const version of kubernetesVersions) {
      // The output must be empty, because the tool only warns about a kind that it does not know.
      const { all } = await execa(tool, ['--strict', '--quiet', '--kubernetes-version', version, chart], {
        all: true,
        timeout,
      });
      expect(all).toBe('');
    }
  });
});

describe.each(['ci', 'release'])('.github/workflows/%s.yml', (name) => {
  const file = join(root, `.github/workflows/${name}.yml`);
  const text = readFileSync(file, 'utf8');

  testWith('actionlint', 'actionlint reports nothing', async (tool) => {
    // Without shellcheck and pyflakes, the result does not depend on what the machine has installed.
    const { all } = await execa(tool, ['-no-color', '-shellcheck=', '-pyflakes=', file], {
      all: true,
      reject: false,
      timeout,
    });
    expect(all).toBe('');
  });

  test('every action is pinned to a full version', () => {
    const uses = [...text.matchAll(/uses: (\S+)/g)].map(([, action]) => action!);
    const others = uses.filter((action) => !action.startsWith('./'));
    expect(others.length).toBeGreaterThan(5);
    expect(others.filter((action) => !/@(v\d+\.\d+\.\d+|[0-9a-f]{40})$/.test(action))).toEqual([]);
  });
});

test('CI runs the oldest and the newest supported version of Kubernetes', () => {
  const { jobs } = parse(readFileSync(join(root, '.github/workflows/ci.yml'), 'utf8')) as {
    jobs: { cluster: { strategy: { matrix: { include: readonly { kubernetes: string; image: string }[] } } } };
  };
  const { include } = jobs.cluster.strategy.matrix;
  expect(include.map(({ kubernetes }) => kubernetes)).toEqual([kubernetesVersions[0], kubernetesVersions.at(-1)]);
  for (const { kubernetes, image } of include) expect(image).toContain(`kindest/node:v${kubernetes}.`);
});

const timeout = 120_000;

interface KubeScoreObject {
  readonly checks: readonly {
    readonly check: { readonly id: string };
    readonly grade: number;
    readonly skipped: boolean;
  }[];
}
interface CheckovReport {
  readonly results: { readonly failed_checks: readonly { readonly check_id: string }[] };
  readonly summary: { readonly passed: number; readonly parsing_errors: number };
}

/** Returns each check once, however many objects fail it. */
const unique = (checks: readonly string[]): readonly string[] => [...new Set(checks)].sort();

/** Runs a tool. @returns its JSON report. The exit code is ignored, because it is 1 if there are findings. */
async function report<T>(tool: string, args: readonly string[]): Promise<T> {
  const { stdout, stderr } = await execa(tool, args, { reject: false, timeout });
  try {
    return JSON.parse(stdout) as T;
  } catch (cause) {
    throw new Error(`${tool} printed no JSON report: ${stderr}`, { cause });
  }
}

/** Defines a test that gets the path of a tool, and is skipped if the tool is missing. */
function testWith(tool: string, title: string, run: (path: string) => Promise<void>): void {
  const folders = process.env.POLICY_TOOLS === undefined ? [] : [process.env.POLICY_TOOLS];
  testWithTools(
    [{ tool, hint: 'eval "$(.ci/policy-tools)"' }],
    title,
    () => run(findTool(tool, folders) ?? tool),
    folders,
  );
}
