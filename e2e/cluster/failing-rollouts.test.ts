/**
 * Rollouts that fail, each in its own way: `up` ends with exit code 1 and the cause in plain words, and the replicas of the
 * version before go on serving.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { cleanUpAtEnd } from '../cleanup.ts';
import type { Run } from '../workspace.ts';
import { clusterTest, context, kubectl, name, useTestbed } from './testbed.ts';

const shortDeadline = 25;
let image = '';

const testbed = useTestbed(async (opened) => {
  ({ image } = await opened.up());
});
const up = (): Promise<Run> => testbed().tryUp();

/** What is applied, as `sed` changes it. */
async function manifests(...edits: readonly string[]): Promise<void> {
  const all = [`s/progressDeadlineSeconds: .*/progressDeadlineSeconds: ${shortDeadline}/`, ...edits]
    .map((edit) => ` -e '${edit}'`)
    .join('');
  const app = `node infra/main.ts && sed -i${all} "$CDK8S_OUTDIR/local.k8s.yaml"`;
  await writeFile(join(testbed().project.folder, 'cdk8s.yaml'), `app: ${JSON.stringify(app)}\noutput: charts-out\n`);
}

/** It failed with this cause, the old replicas are counted, and they answer. */
async function expectFailure(run: Run, cause: RegExp, ...evidence: readonly string[]): Promise<void> {
  const said = run.stderr.slice(run.stderr.lastIndexOf('✗'));
  console.log(said);
  expect(run.exitCode).toBe(1);
  expect(said).toMatch(cause);
  for (const text of evidence) expect(said).toContain(text);
  expect(said).toContain('2 replicas of the version before still serve.');
  expect(said).toContain(`rollout undo deployment/${name}`);
  expect(said).not.toContain('    at ');
  const predicted = await testbed().project.rhizome('predict', '--url', await testbed().url());
  expect(JSON.parse(predicted.stdout)).toMatchObject({ prediction: 'setosa' });
}

clusterTest('an image that the nodes cannot pull', async () => {
  await manifests('s|image: .*|image: registry.invalid/iris:v1|');
  await expectFailure(
    await up(),
    /\S+ is in (ImagePullBackOff|ErrImagePull): the node does not have the image and cannot pull it \(.*registry\.invalid/,
  );
});

clusterTest('a model that never gets ready: which, and why, long before the deadline', async () => {
  await manifests();
  const model = join(testbed().project.folder, 'models/iris/model.onnx');
  const good = await readFile(model);
  await writeFile(model, good.subarray(0, 500));
  const run = await up();
  await writeFile(model, good);
  await expectFailure(
    run,
    /\S+ runs, but will not become ready: model\/iris: \/app\/models\/iris\/model\.onnx cannot be served: the file ends at byte 500/,
    'Startup probe failed: HTTP probe failed with statuscode: 503',
    '"model failed"',
  );
  expect(run.stderr).toMatch(/ {2}new \S+ {2}StartupProbe: HTTP 503, 0 restarts, \S+, \S+:v/);
});

clusterTest('a quota without room for one more', async () => {
  await kubectl('rollout', 'undo', `deployment/${name}`);
  await kubectl('create', 'quota', 'tight', '--hard=pods=2');
  try {
    await kubectl('wait', '--for=jsonpath={.status.hard.pods}=2', 'quota/tight', '--timeout=30s');
    await manifests('s/INFERENCE_THREADS/INFERENCE_THREADS_2/');
    await expectFailure(
      await up(),
      /The cluster rejected the replicas: the quota "tight" is exhausted: one more replica needs pods=1; used pods=\d of pods=2\./,
      'FailedCreate',
    );
  } finally {
    await kubectl('delete', 'quota', 'tight');
  }
});

clusterTest('pods that the namespace does not admit', async () => {
  await manifests(
    's/privileged: false/privileged: true/',
    's/allowPrivilegeEscalation: false/allowPrivilegeEscalation: true/',
  );
  await expectFailure(
    await up(),
    /The cluster rejected the replicas: the namespace enforces Pod Security "restricted:v1\.30", and the replicas have .*privileged/,
  );
});

clusterTest('an object that a policy of the cluster forbids', async () => {
  const policy = {
    apiVersion: 'v1',
    kind: 'List',
    items: [
      {
        apiVersion: 'admissionregistration.k8s.io/v1',
        kind: 'ValidatingAdmissionPolicy',
        metadata: { name },
        spec: {
          failurePolicy: 'Fail',
          matchConstraints: {
            namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } },
            resourceRules: [
              {
                apiGroups: ['apps'],
                apiVersions: ['v1'],
                operations: ['CREATE', 'UPDATE'],
                resources: ['deployments'],
              },
            ],
          },
          validations: [
            {
              expression: '!has(object.metadata.annotations) || !("refused" in object.metadata.annotations)',
              message: 'an owner is missing',
            },
          ],
        },
      },
      {
        apiVersion: 'admissionregistration.k8s.io/v1',
        kind: 'ValidatingAdmissionPolicyBinding',
        metadata: { name },
        spec: { policyName: name, validationActions: ['Deny'] },
      },
    ],
  };
  const file = join(testbed().project.folder, '.rhizome/policy.json');
  await writeFile(file, JSON.stringify(policy));
  // It belongs to the whole cluster.
  for (const kind of ['validatingadmissionpolicy', 'validatingadmissionpolicybinding'])
    cleanUpAtEnd('kubectl', '--context', context, 'delete', kind, name, '--ignore-not-found');
  await kubectl('apply', '-f', file);
  try {
    await manifests('/kind: Deployment/,/labels:/s/  labels:/  annotations: {refused: yes-please}\\n  labels:/');
    // The API server takes a policy up within seconds; until then it would admit the change.
    const deadline = Date.now() + 30_000;
    while (
      !(
        await execa(
          'kubectl',
          [
            '--context',
            context,
            '--namespace',
            name,
            'annotate',
            '--dry-run=server',
            `deployment/${name}`,
            'refused=yes',
          ],
          { reject: false },
        )
      ).failed
    ) {
      if (Date.now() > deadline) throw new Error('The policy does nothing after 30 s.');
    }
    const run = await up();
    expect(run.exitCode).toBe(1);
    expect(run.stderr).toContain(
      `✗ The cluster rejected the manifests: the cluster's policy "${name}" denied it: an owner is missing.\n`,
    );
  } finally {
    await kubectl('delete', '-f', file);
  }
});

clusterTest('no node with room: the reason is shown live, and ends the wait at the deadline', async () => {
  await manifests('s/cpu: 250m/cpu: 100/', 's/cpu: "1"/cpu: "100"/');
  const run = await up();
  await expectFailure(run, /No node had room for \S+ within 25 s: .*\d Insufficient cpu/);
  expect(run.stderr).toMatch(/ {2}new \S+ {2}Unschedulable: .*\d Insufficient cpu.*, 0 restarts, no node yet, /);
});

clusterTest('a wrong probe: what it said', async () => {
  await manifests('s|path: /readyz|path: /nowhere|');
  await expectFailure(await up(), /\S+ was not ready within 25 s \(StartupProbe: HTTP 404\)\./);
});

clusterTest('corrected, the next up succeeds, and deletes what the failures left behind', async () => {
  await manifests();
  const run = await up();
  if (run.exitCode !== 0) throw new Error(run.stderr);
  expect(
    (
      await kubectl(
        'get',
        'pods',
        '--field-selector=status.phase=Running',
        '--output=jsonpath={.items[*].spec.containers[0].image}',
      )
    ).split(' '),
  ).toContain(image);
});
