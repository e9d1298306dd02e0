import { Failure } from '../failure.ts';
import type { DeploymentStatus, ReplicaStatus } from '../deployment-status.ts';
import type { Target } from '../targets/target.ts';
import { createReporter } from '../terminal/reporter.ts';
import { watch } from './watch-status.ts';

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

test('prints what changed: a restart with its reason, an unreachable target, a replica that is gone', async () => {
  const restarted = replica('b', { restarts: 1, reason: 'Error', message: 'exit code 137' });
  const observations = [
    status(replica('a'), replica('b')),
    status(replica('a'), restarted),
    new Failure('The cluster does not respond.'),
    status(replica('a')),
  ];
  const stop = new AbortController();
  const target = {
    name: 'staging',
    status: () => {
      const next = observations.shift();
      if (observations.length === 0) stop.abort();
      return next instanceof Failure ? Promise.reject(next) : Promise.resolve(next);
    },
  } as unknown as Target;
  const printed: string[] = [];
  const context = { root: '/', report: createReporter(process.stderr), signal: stop.signal };
  // The last status arrives together with Ctrl-C, and is not printed.
  observations.push(status());
  await watch(context, target, (line) => printed.push(line.replace(/^\d\d:\d\d:\d\d /, '')));
  expect(printed).toEqual([
    'staging: 2 of 2 replicas ready',
    'a ready, 0 restarts',
    'b ready, 0 restarts',
    'b ready, 1 restarts (Error: exit code 137)',
    'The cluster does not respond.',
    'staging: 1 of 2 replicas ready',
    'b is gone',
  ]);
});
