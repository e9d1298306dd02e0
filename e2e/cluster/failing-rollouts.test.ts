/**
 * Rollouts that fail for different reasons. Each time, `up` exits with code 1 and a message that says why, and the
 * replicas of the previous version keep serving.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { cleanUpAtEnd } from '../cleanup.ts';
import type { Run } from '../workspace.ts';
import { clusterTest, context, kubectl, name, useTestbed } from './testbed.ts';

/** Seconds after which a rollout fails. */
const shortDeadline = 25;
let image = '';

const testbed = useTestbed(async (opened) => {
  ({ image } = await opened.up());
});
const up = (): Promise<Run> => testbed().tryUp();

/** Joins parts of a regular expression. */
const pattern = (...parts: readonly RegExp[]): RegExp => new RegExp(parts.map(({ source }) => source).join(''));

/** Changes the manifests that `up` applies, by expressions of `sed`. They always get the short deadline. */
async function editManifests(...edits: readonly string[]): Promise<void> {
  const all = [`s/progressDeadlineSeconds: .*/progressDeadlineSeconds: ${shortDeadline}/`, ...edits]
    .map((edit) => ` -e '${edit}'`)
    .join('');
  const app = `node infra/main.ts && sed -i${all} "$CDK8S_OUTDIR/local.k8s.yaml"`;
  await writeFile(join(testbed().project.folder, 'cdk8s.yaml'), `app: ${JSON.stringify(app)}\noutput: charts-out\n`);
}

/** Expects that a run of `up` failed for a reason, and that two replicas of the previous version are left and serve. */
async function expectFailure(run: Run, cause: RegExp, ...evidence: readonly string[]): Promise<void> {
  const message = run.stderr.slice(run.stderr.lastIndexOf('✗'));
  console.log(message);
  expect(run.exitCode).toBe(1);
  expect(message).toMatch(cause);
  for (const text of evidence) expect(message).toContain(text);
  expect(message).toContain('2 replicas of the previous version still serve.');
  expect(message).toContain(`rollout undo deployment/${name}`);
  expect(message).not.toContain('    at ');
  const predicted = await testbed().project.rhizome('predict', '--url', await testbed().url());
  expect(JSON.parse(predicted.stdout)).toMatchObject({ prediction: 'setosa' });
}

clusterTest('the nodes cannot pull the image: up reports the reason', async () => {
  await editManifests('s|image: .*|image: registry.invalid/iris:v1|');
  await expectFailure(
    await up(),
    pattern(
      /\S+ is in (ImagePullBackOff|ErrImagePull): /,
      /the node does not have the image and cannot pull it \(.*registry\.invalid/,
    ),
  );
});

clusterTest('a model never becomes ready: up reports which one and why, long before the deadline', async () => {
  await editManifests();
  const model = join(testbed().project.folder, 'models/iris/model.onnx');
  const good = await readFile(model);
  await writeFile(model, good.subarray(0, 500));
  const early = await up();
  expect(early.stderr).toMatch(/✗ models\/iris cannot be served: .*the file ends at byte 500/);
  const run = await testbed().tryUp('--no-verify');
  await writeFile(model, good);
  await expectFailure(
    run,
    pattern(
      /\S+ runs, but will not become ready: model\/iris: /,
      /iris\/model\.onnx cannot be served: the file ends at byte 500/,
    ),
    'Startup probe failed: HTTP probe failed with statuscode: 503',
    '"model failed"',
  );
  expect(run.stderr).toMatch(/ {2}new \S+ {2}StartupProbe: HTTP 503, 0 restarts, \S+, \S+:v/);
});

clusterTest('a quota leaves no room for another pod: up reports the quota and its numbers', async () => {
  await kubectl('rollout', 'undo', `deployment/${name}`);
  await kubectl('create', 'quota', 'tight', '--hard=pods=2');
  try {
    await kubectl('wait', '--for=jsonpath={.status.hard.pods}=2', 'quota/tight', '--timeout=30s');
    await editManifests('s/INFERENCE_THREADS/INFERENCE_THREADS_2/');
    await expectFailure(
      await up(),
      pattern(
        /The cluster rejected the replicas: the quota "tight" is exhausted: /,
        /one more replica needs pods=1; used pods=\d of pods=2\./,
      ),
      'FailedCreate',
    );
  } finally {
    await kubectl('delete', 'quota', 'tight');
  }
});

clusterTest('the namespace does not admit the pods: up reports the Pod Security level and the violation', async () => {
  await editManifests(
    's/privileged: false/privileged: true/',
    's/allowPrivilegeEscalation: false/allowPrivilegeEscalation: true/',
  );
  await expectFailure(
    await up(),
    pattern(
      /The cluster rejected the replicas: the namespace enforces Pod Security "restricted:v1\.30", /,
      /and the replicas have .*privileged/,
    ),
  );
});

clusterTest('a policy of the cluster forbids an object: up reports the policy and its message', async () => {
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
  // The policy is not in a namespace, so deleting the namespace does not delete it.
  for (const kind of ['validatingadmissionpolicy', 'validatingadmissionpolicybinding'])
    cleanUpAtEnd('kubectl', '--context', context, 'delete', kind, name, '--ignore-not-found');
  await kubectl('apply', '-f', file);
  try {
    await editManifests('/kind: Deployment/,/labels:/s/  annotations:/&\\n    refused: yes-please/');
    // The API server enforces a new policy only after some seconds. Until then it would admit the change.
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
      if (Date.now() > deadline) throw new Error('The API server does not enforce the policy after 30 s.');
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

clusterTest('no node has room for the replica: up shows the reason while it waits and at the deadline', async () => {
  await editManifests('s/cpu: 250m/cpu: 100/', 's/cpu: "1"/cpu: "100"/');
  const run = await up();
  await expectFailure(run, /No node could run \S+ within 25 s: .*\d Insufficient cpu/);
  expect(run.stderr).toMatch(/ {2}new \S+ {2}Unschedulable: .*\d Insufficient cpu.*, 0 restarts, no node yet, /);
});

clusterTest('a probe has a wrong path: up reports the status code that it got', async () => {
  await editManifests('s|path: /readyz|path: /nowhere|');
  await expectFailure(await up(), /\S+ was not ready within 25 s \(StartupProbe: HTTP 404\)\./);
});

clusterTest('after the mistake is corrected, up succeeds, and replicas of the original image run', async () => {
  await editManifests();
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
