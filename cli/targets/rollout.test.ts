import { judgeRollout } from './rollout.ts';
import { deploymentStatus, pickSnapshot, type Deployment, type Pod, type Snapshot } from './snapshot.ts';

type Container = NonNullable<Pod['status']['containerStatuses']>[number];

const running: Container = { ready: true, started: true, restartCount: 0, state: { running: {} } };
const waiting = (reason: string, restartCount = 0): Container => ({ ready: false, restartCount, state: { waiting: { reason } } });

function pod(name: string, container?: Container, extra: Partial<Pod['status']> = {}): Pod {
  return {
    kind: 'Pod',
    metadata: { name, uid: name },
    spec: { containers: [{ image: 'iris-server:v0.1.0-abc' }] },
    status: { phase: 'Pending', ...(container !== undefined && { containerStatuses: [container] }), ...extra },
  };
}

function snapshot(current: readonly Pod[], old: readonly Pod[] = [], status: Partial<Deployment['status']> = {}): Snapshot {
  return {
    deployment: {
      kind: 'Deployment',
      metadata: { name: 'iris-server', uid: 'd', generation: 2 },
      spec: { replicas: 2, progressDeadlineSeconds: 120 },
      status: { observedGeneration: 2, replicas: 2, updatedReplicas: 2, availableReplicas: 2, ...status },
    },
    current,
    old,
  };
}

test('complete only when every replica is of the new version and available, and the controller has seen the change', () => {
  const pods = [pod('a', running), pod('b', running)];
  expect(judgeRollout(snapshot(pods)).complete).toBe(true);
  expect(judgeRollout(snapshot(pods, [], { observedGeneration: 1 })).complete).toBe(false);
  expect(judgeRollout(snapshot(pods, [], { updatedReplicas: 1 })).complete).toBe(false);
  expect(judgeRollout(snapshot(pods, [pod('c', running)], { replicas: 3 })).complete).toBe(false);
  expect(judgeRollout(snapshot(pods, [], { availableReplicas: 1 })).complete).toBe(false);
});

test('a line for each replica: image, what it waits for, restarts', () => {
  const { lines, problem } = judgeRollout(snapshot(
    [pod('a', { ...running, ready: false, started: false }), pod('b', undefined, { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' }] })],
    [pod('c', { ...running, ready: false, restartCount: 2 })],
    { availableReplicas: 0 },
  ));
  expect(lines).toEqual([
    'new a  iris-server:v0.1.0-abc  StartupProbe, 0 restarts',
    'new b  iris-server:v0.1.0-abc  Unschedulable, 0 restarts',
    'old c  iris-server:v0.1.0-abc  ReadinessProbe, 2 restarts',
  ]);
  expect(problem).toBeUndefined();
});

test.each([
  ['CrashLoopBackOff', 'b is in CrashLoopBackOff: the container starts and exits again and again.'],
  ['ImagePullBackOff', 'b is in ImagePullBackOff: the node does not have the image and cannot pull it.'],
  ['CreateContainerConfigError', "b is in CreateContainerConfigError: the container's configuration names something that is missing."],
])('%s of a new replica ends the wait; the old ones that serve are counted', (reason, cause) => {
  const rollout = judgeRollout(snapshot([pod('a', running), pod('b', waiting(reason, 1))], [pod('c', running)], { availableReplicas: 1 }));
  expect(rollout.problem).toMatchObject({ cause, pod: { metadata: { name: 'b' } } });
  expect(rollout.oldReady).toBe(1);
  // Of an old replica it is what the rollout is to put an end to.
  expect(judgeRollout(snapshot([pod('a', waiting('ContainerCreating'))], [pod('b', waiting(reason, 1))], { availableReplicas: 0 })).problem).toBeUndefined();
});

test('CrashLoopBackOff of a version that ran already is waited out: something else killed it', () => {
  const ran = { type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' };
  const judge = (reason: string) => judgeRollout(snapshot([pod('a', running), pod('b', waiting(reason, 3))], [], { availableReplicas: 1, conditions: [ran] }));
  expect(judge('CrashLoopBackOff')).toMatchObject({ complete: false, lines: [expect.anything(), expect.stringContaining('CrashLoopBackOff, 3 restarts')] });
  expect(judge('CrashLoopBackOff').problem).toBeUndefined();
  expect(judge('ImagePullBackOff').problem).toBeDefined();
});

test('past the progress deadline: the replica that is not ready, or what the cluster refuses', () => {
  const late = { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' };
  const stuck = judgeRollout(snapshot([pod('a', { ...running, ready: false })], [], { availableReplicas: 0, conditions: [late] }));
  expect(stuck.problem?.cause).toBe('a was not ready within 120 s (ReadinessProbe).');
  const refused = { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'exceeded quota' };
  const none = judgeRollout(snapshot([], [], { updatedReplicas: 0, availableReplicas: 0, conditions: [refused, late] }));
  expect(none.problem).toEqual({ cause: 'The cluster refuses the replicas: exceeded quota' });
});

test('status counts what is ready, and says why each was restarted or is not ready', () => {
  const oomKilled: Container = { ...running, restartCount: 1, lastState: { terminated: { reason: 'OOMKilled', exitCode: 137 } } };
  const leaving = pod('c', running);
  const status = deploymentStatus(snapshot(
    [pod('a', oomKilled), pod('b', waiting('CrashLoopBackOff', 3))],
    [{ ...leaving, metadata: { ...leaving.metadata, deletionTimestamp: '2026-11-24T10:00:00Z' } }],
  ));
  expect(status).toEqual({
    wanted: 2,
    ready: 1,
    replicas: [
      { name: 'a', ready: true, restarts: 1, reason: 'OOMKilled' },
      { name: 'b', ready: false, restarts: 3, reason: 'CrashLoopBackOff' },
      { name: 'c', ready: false, restarts: 0, reason: 'Terminating' },
    ],
  });
});

test("a snapshot has the Deployment's own pods, by the revision of their ReplicaSet", () => {
  const revision = (number: string): Record<string, string> => ({ 'deployment.kubernetes.io/revision': number });
  const owned = (name: string, owner: string): Pod => ({ ...pod(name), metadata: { name, uid: name, ownerReferences: [{ uid: owner }] } });
  const { deployment } = snapshot([]);
  const picked = pickSnapshot([
    { ...deployment, metadata: { ...deployment.metadata, annotations: revision('2') } },
    { kind: 'ReplicaSet', metadata: { name: 'r1', uid: 'r1', annotations: revision('1'), ownerReferences: [{ uid: 'd' }] } },
    { kind: 'ReplicaSet', metadata: { name: 'r2', uid: 'r2', annotations: revision('2'), ownerReferences: [{ uid: 'd' }] } },
    { kind: 'ReplicaSet', metadata: { name: 'r3', uid: 'r3', annotations: revision('2'), ownerReferences: [{ uid: 'other' }] } },
    owned('old', 'r1'), owned('new', 'r2'), owned('stranger', 'r3'),
  ], 'iris-server');
  expect(picked?.current.map(({ metadata }) => metadata.name)).toEqual(['new']);
  expect(picked?.old.map(({ metadata }) => metadata.name)).toEqual(['old']);
  expect(pickSnapshot([deployment], 'other')).toBeUndefined();
});
