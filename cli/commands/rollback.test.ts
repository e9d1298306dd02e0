import { createProject, rolledOut, type Project } from '../fixtures/project.ts';

const get = 'kubectl --context kind-mine --namespace iris-server get deployments,replicasets,pods --output json';
const undo = 'kubectl --context kind-mine --namespace iris-server rollout undo deployment/iris-server --to-revision';

let project: Project;
afterEach(() => project.remove());

/** A Deployment at revision 5, with the ReplicaSets of some revisions. */
async function deployed(...revisions: readonly number[]): Promise<void> {
  const { items } = JSON.parse(
    rolledOut.replaceAll('"deployment.kubernetes.io/revision":"1"', '"deployment.kubernetes.io/revision":"5"'),
  ) as {
    items: { kind: string; metadata: object; spec: object }[];
  };
  for (const item of items)
    if (item.kind === 'Deployment')
      item.spec = { ...item.spec, template: { spec: { containers: [{ image: 'iris-server:v1' }] } } };
  const older = revisions.map((revision) => ({
    kind: 'ReplicaSet',
    metadata: {
      name: `iris-server-${revision}`,
      uid: `r${revision}`,
      annotations: { 'deployment.kubernetes.io/revision': String(revision) },
      ownerReferences: [{ uid: 'd' }],
    },
  }));
  const answer = `echo '${JSON.stringify({ items: [...items, ...older] })}'`;
  project = await createProject({
    'kubectl config get-contexts': 'echo kind-mine',
    'kubectl --context kind-mine --namespace iris-server get deployments': answer,
  });
}

test('rollback returns to the newest earlier revision, or the given one, and waits for the replicas', async () => {
  await deployed(4, 3);
  const { exitCode, stdout } = await project.start(['rollback', '--on', 'context=kind-mine']);
  expect([exitCode, stdout]).toEqual([
    0,
    'Revision 4 runs again, with the image iris-server:v1.\n' +
      'infra/ and models/ still describe what was rolled back: the next `rhizome up` deploys that again.',
  ]);
  expect((await project.calls()).filter((call) => call.startsWith('kubectl --context'))).toEqual([
    get,
    `${undo}=4`,
    get,
    get,
  ]);
  const third = await project.start(['rollback', '--on', 'context=kind-mine', '--to-revision', '3', '--json']);
  expect(JSON.parse(third.stdout)).toEqual({ target: 'context=kind-mine', revision: 3, image: 'iris-server:v1' });
  const missing = await project.start(['rollback', '--on', 'context=kind-mine', '--to-revision', '1']);
  expect([missing.exitCode, missing.stderr]).toEqual([
    1,
    expect.stringContaining('has no earlier revision 1.\n  → Earlier revisions: 3, 4.'),
  ]);
});

test('without an earlier revision, and on this machine, rollback says that there is nothing to return to', async () => {
  await deployed();
  const none = await project.start(['rollback', '--on', 'context=kind-mine']);
  expect([none.exitCode, none.stderr]).toEqual([1, expect.stringContaining('has no earlier revision than 5.')]);
  const local = await project.start(['rollback', '--on', 'local']);
  expect([local.exitCode, local.stderr]).toEqual([
    1,
    expect.stringContaining('There is nothing to roll back on this machine'),
  ]);
});
