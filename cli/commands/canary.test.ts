import { App } from 'cdk8s';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PredictionChart } from '../../infra/charts/prediction-chart.ts';
import { atStage, canaryStages } from '../../infra/rollouts/stage.ts';
import {
  answerWith,
  createProject,
  rolledOut,
  type Answering,
  type Answers,
  type Project,
} from '../fixtures/project.ts';
import { parseObjects } from '../project/objects.ts';

const on = ['--on', 'context=kind-mine'];
const up = ['up', ...on, '--image', 'iris-server:v1', '--detach', '--json'];
const kubectl = 'kubectl --context kind-mine --namespace iris-server';
const props = {
  name: 'iris-server',
  image: 'iris-server:v1',
  rollout: { canary: { image: 'iris-server:v2', weight: 33 } },
};
const prediction = (name: string) => ({ prediction: name, probabilities: { setosa: 0.98, versicolor: 0.02 } });

/** Returns what kubectl prints about the Deployments, after a rollout that went well. */
function deployments(percent: number): string {
  const renamed = rolledOut
    .replaceAll('iris-server', 'iris-server-canary')
    .replaceAll(/"uid":"(\w)"/g, '"uid":"canary-$1"');
  const { items } = JSON.parse(renamed) as { items: { kind: string; metadata: { annotations?: object } }[] };
  for (const { kind, metadata } of items)
    if (kind === 'Deployment')
      metadata.annotations = { ...metadata.annotations, 'rhizome-kit/share-percent': `${percent}` };
  return JSON.stringify({ items: [...(JSON.parse(rolledOut) as { items: object[] }).items, ...items] });
}

const live = (percent: number): string =>
  JSON.stringify({
    metadata: { name: 'iris-server-canary', annotations: { 'rhizome-kit/share-percent': String(percent) } },
    spec: { replicas: 1 },
  });
const owned = JSON.stringify({
  items: [
    { kind: 'Deployment', metadata: { name: 'iris-server-canary' } },
    { kind: 'Service', metadata: { name: 'iris-server' } },
  ],
});
/** What kubectl prints if the canary gets requests and is the one in infra/. */
const admitted: Answers = {
  [`${kubectl} get deployment/iris-server-canary`]: `echo '${live(33.3)}'`,
  [`${kubectl} get deployment.apps`]: `echo '${owned}'`,
  'kubectl --context kind-mine diff': 'true',
};

let project: Project;
const services: Answering[] = [];
afterEach(async () => {
  await project.remove();
  for (const service of services.splice(0)) await service.close();
});

/** Creates a project whose environment has a canary, beside a service that predicts setosa. */
async function createCanary(canary: string, answers: Answers = {}): Promise<void> {
  const [stable, other] = [await answerWith(200, prediction('setosa')), await answerWith(200, prediction(canary))];
  services.push(stable, other);
  const forward = ({ port }: Answering): string => `echo 'Forwarding from 127.0.0.1:${port} -> 8000'; exec sleep 30`;
  project = await createProject({
    'kubectl config get-contexts': 'echo kind-mine',
    [`${kubectl} get deployments`]: `echo '${deployments(33)}'`,
    [`${kubectl} port-forward service/iris-server-canary`]: forward(other),
    [`${kubectl} port-forward`]: forward(stable),
    [`${kubectl} get deployment/iris-server-canary`]: 'true',
    'kubectl --context kind-mine diff': 'exit 1',
    ...answers,
  });
  for (const stage of [undefined, ...canaryStages]) {
    const app = new App();
    new PredictionChart(app, 'local', atStage(props, stage));
    await writeFile(join(project.folder, `${stage ?? 'written'}.yaml`), app.synthYaml());
  }
  await writeFile(
    join(project.folder, 'cdk8s.yaml'),
    'app: cat ${RHIZOME_CANARY:-written}.yaml > "$CDK8S_OUTDIR/local.k8s.yaml"\noutput: charts-out\n',
  );
}

/** Pretends that `up` has applied a stage. */
async function applyStage(stage = 'written'): Promise<void> {
  await mkdir(join(project.folder, '.rhizome/charts'), { recursive: true });
  const from = await readFile(join(project.folder, `${stage}.yaml`));
  await writeFile(join(project.folder, '.rhizome/charts/local.k8s.yaml'), from);
}
const isApplied = async (stage: string): Promise<boolean> =>
  (await readFile(join(project.folder, '.rhizome/charts/local.k8s.yaml'), 'utf8')) ===
  (await readFile(join(project.folder, `${stage}.yaml`), 'utf8'));
const count = async (text: string): Promise<number> =>
  (await project.calls()).filter((call) => call.includes(text)).length;

test('up reports a canary with other predictions, and leaves it without requests', async () => {
  await createCanary('virginica');
  const { exitCode, stderr } = await project.start(up);
  expect(stderr).toContain(
    '✗ The canary predicts 3 of 3 example rows differently from the service (100%), but --max-change allows 0%.\n',
  );
  expect(stderr).toContain('  iris, example 1: setosa → virginica\n');
  expect(stderr).toContain('It runs without requests. If the change is intended: --max-change 100%.');
  expect([exitCode, await isApplied('hold'), await count(' apply ')]).toEqual([1, true, 1]);
  // The next `up` starts over, unless the change is allowed.
  const allowed = await project.start([...up, '--max-change', '100%']);
  expect(allowed.stderr).toContain('The canary predicts 3 of 3 example rows differently.');
  expect([allowed.exitCode, await isApplied('written'), await count(' apply ')]).toEqual([0, true, 3]);
});

test('up gives a canary its requests once it has predicted what the service does', async () => {
  await createCanary('setosa');
  const { exitCode, stdout, stderr } = await project.start(up);
  expect(stderr).toContain('The canary predicts 0 of 3 example rows differently.');
  expect([exitCode, await isApplied('written'), await count(' apply ')]).toEqual([0, true, 2]);
  const { steps } = JSON.parse(stdout) as { steps: readonly { step: string }[] };
  expect(steps.map(({ step }) => step)).toEqual(
    expect.arrayContaining([
      'Wait for the canary',
      'Compare the canary with the service',
      'Give the canary its requests',
    ]),
  );
});

test('a canary that gets requests keeps them if only its share changes', async () => {
  await createCanary('virginica', {
    [`${kubectl} get deployment/iris-server-canary`]: `echo '${live(20)}'`,
    'kubectl --context kind-mine diff': 'true',
  });
  expect(await project.start(up)).toMatchObject({ exitCode: 0 });
  expect([await isApplied('written'), await count(' apply '), await count('service/iris-server-canary')]).toEqual([
    true,
    1,
    0,
  ]);
  // What was compared is the Deployment as it is, with the new pods.
  const { metadata, spec } = JSON.parse(await readFile(join(project.folder, '.rhizome/canary.json'), 'utf8')) as {
    metadata: { annotations: object };
    spec: { replicas: number; template: unknown };
  };
  expect([metadata.annotations, spec.replicas]).toEqual([{ 'rhizome-kit/share-percent': '20' }, 1]);
  expect(JSON.stringify(spec.template)).toContain('iris-server:v2');
});

test('promote gives the service what the canary has, deletes the canary, and says what to edit', async () => {
  await createCanary('setosa', {
    ...admitted,
    [`${kubectl} delete`]: 'echo \'deployment.apps "iris-server-canary" deleted\'',
  });
  await applyStage();
  const { exitCode, stdout, stderr } = await project.start(['promote', ...on]);
  expect([exitCode, await isApplied('promote')]).toEqual([0, true]);
  expect(stdout).toContain("  - image: 'iris-server:v1'\n  + image: 'iris-server:v2'\n  - rollout: { canary: { … } }");
  expect(stderr).toContain('deleted deployment.apps "iris-server-canary"');
  const calls = await project.calls();
  expect(calls.findIndex((call) => call.includes(' apply '))).toBeLessThan(
    calls.findIndex((call) =>
      call.endsWith('delete --ignore-not-found --cascade=foreground deployment/iris-server-canary'),
    ),
  );
});

test('rollback removes a canary, and leaves the revision of the service as it is', async () => {
  await createCanary('setosa', admitted);
  await applyStage();
  const { exitCode, stdout, stderr } = await project.start(['rollback', ...on]);
  expect(stderr).not.toContain('other changes');
  expect(stdout).toContain('The canary is gone. All requests go to the service, with the image iris-server:v1.\n');
  expect([exitCode, await isApplied('remove'), await count('rollout undo')]).toEqual([0, true, 0]);
  expect(await count('delete --ignore-not-found --cascade=foreground deployment/iris-server-canary')).toBe(1);
});

test('promote refuses a canary that gets no requests, or does not exist', async () => {
  await createCanary('setosa', { [`${kubectl} get deployment/iris-server-canary`]: `echo '${live(0)}'` });
  await applyStage('hold');
  const held = await project.start(['promote', ...on]);
  expect([held.exitCode, held.stderr]).toEqual([1, expect.stringContaining('✗ The canary gets no requests')]);
  await applyStage('remove');
  const none = await project.start(['promote', ...on]);
  expect([none.exitCode, none.stderr]).toEqual([
    1,
    expect.stringContaining('✗ context=kind-mine runs no canary of iris-server.'),
  ]);
  const local = await project.start(['promote', '--on', 'local']);
  expect([local.exitCode, local.stderr]).toEqual([1, expect.stringContaining('no canary on this machine')]);
});

test.each([
  [
    'another canary',
    'written',
    "echo '  generation: 1\n-  image: v2\n+  image: v3'; exit 1",
    'describes another canary',
    '-  image: v2',
  ],
  ['no canary', 'remove', 'true', 'no longer describes the canary', 'restore `rollout.canary`'],
  ['what kubectl cannot compare', 'written', "echo 'no diff' >&2; exit 2", 'failed (exit code 2): kubectl', 'no diff'],
])('promote refuses if infra/ has %s, and applies nothing', async (_what, written, diff, message, detail) => {
  await createCanary('setosa', { ...admitted, 'kubectl --context kind-mine diff': diff });
  await applyStage();
  const before = await readFile(join(project.folder, 'written.yaml'), 'utf8');
  await writeFile(join(project.folder, 'written.yaml'), await readFile(join(project.folder, `${written}.yaml`)));
  const { exitCode, stderr } = await project.start(['promote', ...on]);
  expect(stderr).toContain(message);
  expect(stderr).toContain(detail);
  expect([exitCode, await count(' apply ')]).toEqual([1, 0]);
  // The next command still finds the canary.
  expect(await readFile(join(project.folder, '.rhizome/charts/local.k8s.yaml'), 'utf8')).toBe(before);
});

test.each([
  ['promote', 'promote'],
  ['rollback', 'remove'],
])('after a promotion that failed, %s ends the canary', async (command, stage) => {
  await createCanary('setosa', { ...admitted, [`${kubectl} get deployments`]: 'cat deployments.json' });
  await applyStage();
  const report = (text: string): Promise<void> => writeFile(join(project.folder, 'deployments.json'), text);
  const conditions = [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }];
  const late = JSON.parse(deployments(33)) as { items: [{ status: object }] };
  late.items[0].status = { observedGeneration: 1, replicas: 2, updatedReplicas: 1, availableReplicas: 1, conditions };
  await report(JSON.stringify(late));
  const failed = await project.start(['promote', ...on]);
  expect(failed.stderr).toMatch(/→ The canary still exists\..* rhizome rollback\. To try again: rhizome promote/);
  expect([failed.exitCode, await isApplied('written'), await count(' delete ')]).toEqual([1, true, 0]);
  await report(deployments(33));
  expect(await project.start([command, ...on])).toMatchObject({ exitCode: 0 });
  expect([await isApplied(stage), await count(' delete ')]).toEqual([true, 1]);
});

test('rollback applies nothing else that has changed in infra/ since `up`', async () => {
  await createCanary('setosa', admitted);
  await applyStage();
  const file = (name: string): string => join(project.folder, name);
  const objects = async (name: string) => parseObjects(await readFile(file(name), 'utf8'), name);
  const expected = await objects('remove.yaml');
  const edited = (await readFile(file('remove.yaml'), 'utf8')).replaceAll('iris-server:v1', 'iris-server:v9');
  await writeFile(file('remove.yaml'), `${edited}---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: new}}\n`);
  const { exitCode, stdout, stderr } = await project.start(['rollback', ...on]);
  expect(stderr).toContain('infra/ has other changes since the last `rhizome up`. They are not applied.');
  expect([exitCode, stdout]).toEqual([0, expect.stringContaining('with the image iris-server:v1.\n')]);
  expect(await objects('.rhizome/charts/local.k8s.yaml')).toEqual(expected);
  expect(await objects('.rhizome/canary/local.k8s.yaml')).toEqual(expected);
  expect(await count('delete --ignore-not-found --cascade=foreground deployment/iris-server-canary')).toBe(1);
});

test('status shows the canary and its share', async () => {
  await createCanary('setosa');
  await applyStage();
  const { stdout } = await project.start(['status', ...on]);
  expect(stdout).toContain('canary: 1 of 1 replicas ready, 33 % of the requests');
  expect(stdout).toContain('iris-server-canary-1-a');
  const json = await project.start(['status', ...on, '--json']);
  expect(JSON.parse(json.stdout)).toMatchObject({ wanted: 1, canary: { percent: 33, wanted: 1, ready: 1 } });
});
