import { judgeRollout } from './rollout.ts';
import type { LiveDeployment, Pod } from '../kubernetes.ts';
import { deploymentStatus, pickSnapshot, type Snapshot } from './snapshot.ts';

type Container = NonNullable<Pod['status']['containerStatuses']>[number];

const container = { name: 'iris-server', image: 'iris-server:v0.1.0-abc', imageID: '' };
const running: Container = { ...container, ready: true, started: true, restartCount: 0, state: { running: {} } };
const waiting = (reason: string, restartCount = 0): Container => ({
  ...container,
  ready: false,
  restartCount,
  state: { waiting: { reason } },
});

function pod(name: string, status?: Container, extra: Partial<Pod['status']> = {}): Pod {
  return {
    kind: 'Pod',
    metadata: { name, uid: name },
    spec: {
      containers: [{ name: 'iris-server', image: 'iris-server:v0.1.0-abc' }],
      ...(status !== undefined && { nodeName: 'worker' }),
    },
    status: {
      phase: 'Pending',
      ...(status !== undefined && {
        conditions: [{ type: 'Ready', status: status.ready ? 'True' : 'False' }],
        containerStatuses: [status],
      }),
      ...extra,
    },
  };
}

function snapshot(
  current: readonly Pod[],
  old: readonly Pod[] = [],
  status: Partial<LiveDeployment['status']> = {},
): Snapshot {
  return {
    deployment: {
      kind: 'Deployment',
      metadata: { name: 'iris-server', uid: 'd', generation: 2 },
      spec: { replicas: 2, progressDeadlineSeconds: 120, selector: {}, template: {} },
      status: { observedGeneration: 2, replicas: 2, updatedReplicas: 2, availableReplicas: 2, ...status },
    },
    current,
    old,
    revisions: [],
  };
}

test('complete only if every replica runs the new version and is available, by a current status', () => {
  const pods = [pod('a', running), pod('b', running)];
  expect(judgeRollout(snapshot(pods)).complete).toBe(true);
  expect(judgeRollout(snapshot(pods, [], { observedGeneration: 1 })).complete).toBe(false);
  expect(judgeRollout(snapshot(pods, [], { updatedReplicas: 1 })).complete).toBe(false);
  expect(judgeRollout(snapshot(pods, [pod('c', running)], { replicas: 3 })).complete).toBe(false);
  expect(judgeRollout(snapshot(pods, [], { availableReplicas: 1 })).complete).toBe(false);
});

test('has a line per replica: why it is not ready, its restarts, node and image', () => {
  const { lines, problem } = judgeRollout(
    snapshot(
      [
        pod('a', { ...running, ready: false, started: false }),
        pod('b', undefined, {
          conditions: [
            {
              type: 'PodScheduled',
              status: 'False',
              reason: 'Unschedulable',
              message: '0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are available',
            },
          ],
        }),
      ],
      [
        pod('c', {
          ...running,
          ready: false,
          restartCount: 2,
          lastState: { terminated: { reason: 'OOMKilled', exitCode: 137 } },
        }),
      ],
      { availableReplicas: 0 },
    ),
    new Map([
      ['a StartupProbe', 'HTTP 503'],
      ['c LivenessProbe', 'timeout'],
    ]),
  );
  expect(lines).toEqual([
    'new a  StartupProbe: HTTP 503, 0 restarts, worker, iris-server:v0.1.0-abc',
    'new b  Unschedulable: 3 Insufficient cpu, 0 restarts, no node yet, iris-server:v0.1.0-abc',
    'old c  ReadinessProbe, 2 restarts (OOMKilled), worker, iris-server:v0.1.0-abc',
  ]);
  expect(problem).toBeUndefined();
});

test.each([
  ['CrashLoopBackOff', 'b is in CrashLoopBackOff: the container exits repeatedly.'],
  ['ImagePullBackOff', 'b is in ImagePullBackOff: the node does not have the image and cannot pull it.'],
  [
    'CreateContainerConfigError',
    'b is in CreateContainerConfigError: the container refers to a ConfigMap or Secret that does not exist.',
  ],
])('%s of a new replica is a problem; ready old replicas are counted', (reason, cause) => {
  const rollout = judgeRollout(
    snapshot([pod('a', running), pod('b', waiting(reason, 1))], [pod('c', running)], { availableReplicas: 1 }),
  );
  expect(rollout.problem).toMatchObject({ cause, pod: { metadata: { name: 'b' } } });
  expect(rollout.oldReady).toBe(1);
  // An old replica in that state is what the rollout replaces.
  expect(
    judgeRollout(
      snapshot([pod('a', waiting('ContainerCreating'))], [pod('b', waiting(reason, 1))], { availableReplicas: 0 }),
    ).problem,
  ).toBeUndefined();
});

test('CrashLoopBackOff of a version that has run before is not a problem: something else killed it', () => {
  const ran = { type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' };
  const judge = (reason: string) =>
    judgeRollout(
      snapshot([pod('a', running), pod('b', waiting(reason, 3))], [], { availableReplicas: 1, conditions: [ran] }),
    );
  expect(judge('CrashLoopBackOff')).toMatchObject({
    complete: false,
    lines: [expect.anything(), expect.stringContaining('CrashLoopBackOff, 3 restarts')],
  });
  expect(judge('CrashLoopBackOff').problem).toBeUndefined();
  expect(judge('ImagePullBackOff').problem).toBeDefined();
});

test('after the progress deadline, the problem names the replica that is not ready or not scheduled', () => {
  const late = { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' };
  const stuck = judgeRollout(
    snapshot([pod('a', { ...running, ready: false })], [], { availableReplicas: 0, conditions: [late] }),
  );
  expect(stuck.problem?.cause).toBe('a was not ready within 120 s (ReadinessProbe).');
  const full = pod('a', undefined, {
    conditions: [
      {
        type: 'PodScheduled',
        status: 'False',
        reason: 'Unschedulable',
        message: '0/1 nodes are available: 1 Insufficient cpu. preemption: none',
      },
    ],
  });
  expect(judgeRollout(snapshot([full], [], { availableReplicas: 0 })).problem).toBeUndefined();
  expect(judgeRollout(snapshot([full], [], { availableReplicas: 0, conditions: [late] })).problem?.cause).toBe(
    'No node could run a within 120 s: 1 Insufficient cpu.',
  );
});

test('a replica that may not share a node with another says which prop decides that', () => {
  const late = { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' };
  const message =
    "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) didn't match pod topology spread constraints.";
  const conditions = [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }];
  const { problem } = judgeRollout(
    snapshot([pod('a', undefined, { phase: 'Pending', conditions })], [], { availableReplicas: 0, conditions: [late] }),
  );
  expect(problem?.hint).toMatch(/^Without `spread: \{ nodes: 'preferred' \}` .* Add a node, or lower /);
});

test('a rejection is a problem once it has lasted, and not while a replica is terminating', () => {
  const rejected = {
    type: 'ReplicaFailure',
    status: 'True',
    reason: 'FailedCreate',
    message: 'pods "x" is forbidden: exceeded quota: tight, requested: pods=1, used: pods=2, limited: pods=2',
  };
  const judge = (old: Pod) =>
    judgeRollout({
      ...snapshot([], [old], { updatedReplicas: 0, conditions: [rejected] }),
      replicaSet: 'iris-server-2',
    });
  expect(judge(pod('a', running))).toMatchObject({
    oldReady: 1,
    lines: [expect.stringContaining('old a  ready'), `no new replica: ${rejected.message}`],
    problem: {
      cause:
        'The cluster rejected the replicas: the quota "tight" is exhausted: ' +
        'one more replica needs pods=1; used pods=2 of pods=2.',
      object: 'iris-server-2',
      settleSeconds: 5,
    },
  });
  const leaving = {
    ...pod('a', running),
    metadata: { name: 'a', uid: 'a', deletionTimestamp: '2026-01-01T00:00:00Z' },
  };
  expect(judge(leaving).problem).toBeUndefined();
});

test('the status counts ready replicas, and says why each was restarted or is not ready', () => {
  const oomKilled: Container = {
    ...running,
    restartCount: 1,
    lastState: { terminated: { reason: 'OOMKilled', exitCode: 137, finishedAt: '2026-11-24T09:00:00Z' } },
  };
  const leaving = pod('c', running);
  const where = { image: 'iris-server:v0.1.0-abc', node: 'worker' };
  const status = deploymentStatus(
    snapshot(
      [pod('a', oomKilled), pod('b', waiting('CrashLoopBackOff', 3))],
      [{ ...leaving, metadata: { ...leaving.metadata, deletionTimestamp: '2026-11-24T10:00:00Z' } }],
    ),
  );
  expect(status).toEqual({
    wanted: 2,
    ready: 1,
    updated: 2,
    available: 2,
    replicas: [
      {
        name: 'a',
        ready: true,
        restarts: 1,
        reason: 'OOMKilled',
        lastTermination: { reason: 'OOMKilled', exitCode: 137, finishedAt: '2026-11-24T09:00:00Z' },
        ...where,
        revision: 'new',
      },
      { name: 'b', ready: false, restarts: 3, reason: 'CrashLoopBackOff', ...where, revision: 'new' },
      { name: 'c', ready: false, restarts: 0, reason: 'Terminating', ...where, revision: 'old' },
    ],
  });
});

test('a replica on a lost node is not ready, whatever the last status of its container', () => {
  const lost = pod('a', running, { phase: 'Running', conditions: [{ type: 'Ready', status: 'False' }] });
  expect(deploymentStatus(snapshot([lost, pod('b', running)]))).toMatchObject({
    ready: 1,
    replicas: [
      { name: 'a', ready: false },
      { name: 'b', ready: true },
    ],
  });
});

test("a snapshot contains the Deployment's own pods, by the revision of their ReplicaSet", () => {
  const revision = (number: string): Record<string, string> => ({ 'deployment.kubernetes.io/revision': number });
  const ownedBy = (uid: string) => ({ ownerReferences: [{ apiVersion: 'apps/v1', kind: '', name: '', uid }] });
  const owned = (name: string, owner: string): Pod => ({
    ...pod(name),
    metadata: { name, uid: name, ...ownedBy(owner) },
  });
  const { deployment } = snapshot([]);
  const picked = pickSnapshot(
    [
      { ...deployment, metadata: { ...deployment.metadata, annotations: revision('2') } },
      {
        kind: 'ReplicaSet',
        metadata: { name: 'r1', uid: 'r1', annotations: revision('1'), ...ownedBy('d') },
      },
      {
        kind: 'ReplicaSet',
        metadata: { name: 'r2', uid: 'r2', annotations: revision('2'), ...ownedBy('d') },
      },
      {
        kind: 'ReplicaSet',
        metadata: { name: 'r3', uid: 'r3', annotations: revision('2'), ...ownedBy('other') },
      },
      owned('old', 'r1'),
      owned('new', 'r2'),
      owned('stranger', 'r3'),
    ],
    'iris-server',
  );
  expect(picked?.current.map(({ metadata }) => metadata.name)).toEqual(['new']);
  expect(picked?.old.map(({ metadata }) => metadata.name)).toEqual(['old']);
  expect(pickSnapshot([deployment], 'other')).toBeUndefined();
});

test('an init container that fails is reported with its last log line', () => {
  const init = {
    ...waiting('CrashLoopBackOff', 2),
    name: 'download-models',
    lastState: { terminated: { exitCode: 1, message: 'first\n{"msg":"models cannot be downloaded"}\n' } },
  };
  const pending = pod('a', waiting('PodInitializing'), { initContainerStatuses: [init] });
  expect(judgeRollout(snapshot([pending], [], { updatedReplicas: 1 })).problem?.cause).toBe(
    'a is in CrashLoopBackOff: the container exits repeatedly ' +
      '(download-models logs: {"msg":"models cannot be downloaded"}).',
  );
  const busy = { ...init, state: { running: {} } };
  expect(
    judgeRollout(snapshot([pod('a', waiting('PodInitializing'), { initContainerStatuses: [busy] })])).problem,
  ).toBeUndefined();
});
