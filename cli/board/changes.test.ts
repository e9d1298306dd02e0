import type { DeploymentStatus, ReplicaStatus } from '../deployment-status.ts';
import { changes } from './changes.ts';

const replica = (name: string, more: Partial<ReplicaStatus> = {}): ReplicaStatus => ({
  name,
  ready: true,
  restarts: 0,
  ...more,
});
const status = (...replicas: readonly ReplicaStatus[]): DeploymentStatus => ({
  wanted: 2,
  ready: replicas.filter(({ ready }) => ready).length,
  replicas,
});
const texts = (before: DeploymentStatus, after: DeploymentStatus): readonly string[] =>
  changes(before, after).map((change) => `${change.replica ?? ''} ${change.text} (${change.kind})`);

test('the life of a replica that is killed', () => {
  const killed = replica('a', { ready: false, reason: 'Error', message: 'exit code 137' });
  const starting = replica('a', { ready: false, restarts: 1, reason: 'Unhealthy' });
  const back = replica('a', { restarts: 1, reason: 'Error' });
  const b = replica('b');
  expect(texts(status(replica('a'), b), status(killed, b))).toEqual(['a is not ready: Error: exit code 137 (bad)']);
  expect(texts(status(killed, b), status(starting, b))).toEqual(['a was restarted (note)']);
  expect(texts(status(starting, b), status(back, b))).toEqual(['a is ready (good)']);
  // So fast that no status in between was seen.
  expect(texts(status(killed, b), status(back, b))).toEqual(['a restarted, and is ready again (good)']);
  expect(texts(status(back, b), status({ ...back, memoryBytes: 7 }, b))).toEqual([]);
});

test('replicas that come and go, and those of a canary', () => {
  const pending = replica('c', { ready: false, reason: 'ContainerCreating' });
  const canary = { percent: 10, wanted: 1, ready: 1, replicas: [replica('d')] };
  expect(texts(status(replica('a')), { ...status(pending), canary })).toEqual([
    'c is new: ContainerCreating (note)',
    'd is new, and ready (note)',
    'a is gone (note)',
  ]);
});

test('a reason that changes while a replica is not ready', () => {
  const failed = (reason: string): DeploymentStatus => status(replica('a', { ready: false, reason }));
  expect(texts(failed('ErrImagePull'), failed('ImagePullBackOff'))).toEqual(['a ImagePullBackOff (note)']);
});
