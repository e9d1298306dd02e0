/**
 * The tools that judge manifests, run on the committed charts, and the one that judges GitHub's workflows.
 * `.ci/policy-tools` installs them; they are looked for in the folder POLICY_TOOLS, then on PATH. A check that fails must be waived below with its reason, and a waiver that
 * nothing needs any more fails too. infra/policy.test.ts holds the same values with Node alone.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { parse } from 'yaml';
import { environments } from '../../infra/environments.ts';
import { supportedVersions } from '../../infra/schemas/schema-file.ts';
import { findTool, testWithTools } from '../needs.ts';

const noDigest = 'a digest is known once the image is pushed; environments.ts says where it goes';
const loaded = 'the image is loaded into the nodes: there is no registry to ask';

/** Environment -> check -> why it does not hold there. */
const waived: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  local: {
    CKV_K8S_15: loaded,
    CKV_K8S_43: noDigest,
    'container-image-pull-policy': loaded,
    'service-type': 'a NodePort is what kind can map to a port of this machine',
  },
  production: { CKV_K8S_43: noDigest },
};

/** Optional checks of kube-score that fit; the others ask for requests that equal limits. */
const optional = ['container-seccomp-profile', 'container-ports-check'];

const root = join(import.meta.dirname, '../..');
const chart = (environment: string) => join(root, 'charts-out', `${environment}.k8s.yaml`);
const waivers = (environment: string, like: RegExp) =>
  Object.keys(waived[environment] ?? {})
    .filter((check) => like.test(check))
    .sort();

describe.each(Object.keys(environments()))('%s', (environment) => {
  testWith('kube-score', 'kube-score finds nothing that is not waived', async (tool) => {
    const args = [
      'score',
      '--output-format',
      'json',
      '--kubernetes-version',
      'v1.36',
      ...optional.flatMap((test) => ['--enable-optional-test', test]),
    ];
    const objects = await report<readonly KubeScoreObject[]>(tool, [...args, chart(environment)]);
    const checks = objects.flatMap((object) => object.checks);
    expect(checks.length).toBeGreaterThan(20);
    const failed = checks.filter(({ grade, skipped }) => !skipped && grade < 10).map(({ check }) => check.id);
    expect(failed.sort()).toEqual(waivers(environment, /^[a-z]/));
  });

  testWith('checkov', 'Checkov finds nothing that is not waived', async (tool) => {
    const args = ['--compact', '--skip-download', '--framework', 'kubernetes', '--output', 'json', '--file'];
    const { results, summary } = await report<CheckovReport>(tool, [...args, chart(environment)]);
    expect(summary).toMatchObject({ parsing_errors: 0 });
    expect(summary.passed).toBeGreaterThan(80);
    expect(results.failed_checks.map((check) => check.check_id).sort()).toEqual(waivers(environment, /^CKV_/));
  });

  testWith('kubernetes-validate', 'kubernetes-validate accepts every document, strictly', async (tool) => {
    for (const version of supportedVersions) {
      // Without a warning either: of a kind that it does not know it only warns.
      const { all } = await execa(tool, ['--strict', '--quiet', '--kubernetes-version', version, chart(environment)], {
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

  testWith('actionlint', 'actionlint finds nothing', async (tool) => {
    // shellcheck and pyflakes, where a machine has them, would make the answer depend on the machine.
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
  expect(include.map(({ kubernetes }) => kubernetes)).toEqual([supportedVersions[0], supportedVersions.at(-1)]);
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

/** What a tool reports as JSON; it exits 1 where it found something. */
async function report<T>(tool: string, args: readonly string[]): Promise<T> {
  const { stdout, stderr } = await execa(tool, args, { reject: false, timeout });
  try {
    return JSON.parse(stdout) as T;
  } catch (cause) {
    throw new Error(`${tool} printed no report: ${stderr}`, { cause });
  }
}

/** Hands the path of a tool of .ci/policy-tools to the test. */
function testWith(tool: string, title: string, run: (path: string) => Promise<void>): void {
  const folders = process.env.POLICY_TOOLS === undefined ? [] : [process.env.POLICY_TOOLS];
  testWithTools(
    [{ tool, hint: 'eval "$(.ci/policy-tools)"' }],
    title,
    () => run(findTool(tool, folders) ?? tool),
    folders,
  );
}
