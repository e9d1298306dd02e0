import type { Server } from 'node:http';
import type { Outcome } from '../chaos/outcome.ts';
import { serveExamples } from '../load/fixtures/service.ts';
import { createProject, type Answers, type Project } from '../fixtures/project.ts';

// The clusters are only stand-ins for their tools. e2e/node tests real replicas on this machine, e2e/cluster a real
// cluster.

let project: Project;
let server: Server;
afterEach(async () => {
  server.close();
  await project.remove();
});

const pod = (name: string, node: string, { ready = true, restarts = 0 } = {}) => ({
  kind: 'Pod',
  metadata: { name, uid: name, ownerReferences: [{ uid: 'r' }] },
  spec: { nodeName: node, containers: [{ name: 'iris-server', image: 'iris-server:v0.1.0-x' }] },
  status: {
    phase: 'Running',
    conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
    containerStatuses: [
      {
        ready,
        started: true,
        restartCount: restarts,
        state: { running: {} },
        containerID: `containerd://${'abcdef'.repeat(2)}${restarts}`,
      },
    ],
  },
});
const event = (type: string, object: object): string => `echo '${JSON.stringify({ type, object })}'`;

const deployment = {
  kind: 'Deployment',
  metadata: { name: 'iris-server', uid: 'd', generation: 1, annotations: { 'deployment.kubernetes.io/revision': '1' } },
  spec: { replicas: 2 },
  status: { observedGeneration: 1, replicas: 2, updatedReplicas: 1, availableReplicas: 2 },
};
const replicaSet = {
  kind: 'ReplicaSet',
  metadata: {
    name: 'iris-server-1',
    uid: 'r',
    annotations: { 'deployment.kubernetes.io/revision': '1' },
    ownerReferences: [{ uid: 'd' }],
  },
};
const pods = [pod('a', 'worker'), pod('b', 'worker2')];
const nodes = {
  items: ['worker', 'worker2'].map((name) => ({
    metadata: { name },
    spec: {},
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  })),
};

/** Creates a cluster with two replicas that do not change until the file `struck` exists, and then run `after`. */
async function cluster(context: string, answers: Answers = {}, after = ':'): Promise<{ readonly on: string }> {
  const service = await serveExamples();
  ({ server } = service);
  const watch = [
    ...pods.map((each) => event('ADDED', each)),
    'while [ ! -e struck ]; do sleep 0.1; done',
    after,
    'exec sleep 60',
  ];
  project = await createProject({
    ...answers,
    'kubectl --context * get deployments': `echo '${JSON.stringify({ items: [deployment, replicaSet, ...pods] })}'`,
    'kubectl --context * get pods --watch': watch.join('; '),
    'kubectl --context * get nodes': `echo '${JSON.stringify(nodes)}'`,
    'kubectl --context * port-forward': `echo 'Forwarding from 127.0.0.1:${service.port} -> 8000'; exec sleep 60`,
    'docker port': `echo 127.0.0.1:${service.port}`,
  });
  return { on: `context=${context}` };
}

test('in another context, kill deletes the pod at once, and experiments that need the nodes are skipped', async () => {
  const { on } = await cluster(
    'staging',
    { 'kubectl --context staging --namespace iris-server delete pod': ': > struck' },
    [
      event('DELETED', pods[0]!),
      event('ADDED', pod('c', 'worker', { ready: false })),
      event('MODIFIED', pod('c', 'worker')),
    ].join('; '),
  );
  const { exitCode, stdout, stderr } = await project.start([
    'chaos',
    'kill',
    'hang',
    'drain',
    'node-stop',
    '--on',
    on,
    '--json',
  ]);
  expect(stderr).toContain('The port-forward leads to one pod');
  expect(exitCode).toBe(0);
  expect(await project.calls()).toContain(
    'kubectl --context staging --namespace iris-server delete pod a --grace-period=0 --force --wait=false',
  );
  const outcomes = JSON.parse(stdout) as Outcome[];
  expect(outcomes.map(({ experiment, skipped }) => [experiment, skipped])).toEqual([
    ['kill', undefined],
    ['drain', 'Rhizome does not control the nodes of this cluster'],
    ['hang', 'it needs a signal from the node, and Rhizome does not control the nodes of this cluster'],
    ['node-stop', 'Rhizome does not control the nodes of this cluster'],
  ]);
  expect(outcomes[0]).toMatchObject({
    failed: 0,
    failedTwice: 0,
    expectedImpact: 'one retry',
    observed: 'the pod was replaced',
    exceeded: [],
  });
  expect(outcomes[0]!.backAfterSeconds).toBeGreaterThanOrEqual(0);
});

test('on a kind cluster, kill signals the process from its node; --markdown prints a Markdown table', async () => {
  const { on } = await cluster(
    'kind-mine',
    {
      'docker exec worker sh -c grep': 'echo /proc/99/cgroup; echo /proc/7/cgroup',
      'docker exec worker sh -c kill': ': > struck',
    },
    [
      event('MODIFIED', pod('a', 'worker', { ready: false })),
      event('MODIFIED', pod('a', 'worker', { restarts: 1 })),
    ].join('; '),
  );
  const { exitCode, stdout, stderr } = await project.start(['chaos', 'kill', '--on', on, '--markdown']);
  expect(stderr).toContain(`$ docker exec worker sh -c 'kill -KILL 7'`);
  expect(stdout).toMatch(
    new RegExp(
      [
        String.raw`^\|  \| experiment \| expected impact \| requests \|.*`,
        String.raw`\| --- .*`,
        String.raw`\| ✓ \| kill \| one retry \| \d+ \| 0 \| 0 \| \d\.\d\d s \| \d\.\d s \| restarted \|$`,
      ].join('\n'),
    ),
  );
  expect(exitCode).toBe(0);
});

test.each<[string, string, string]>([
  ['drain', 'kubectl --context kind-mine drain worker', 'kubectl --context kind-mine uncordon worker'],
  ['node-stop', 'docker pause worker', 'docker unpause worker'],
  [
    'bad-image',
    'kubectl --context kind-mine --namespace iris-server set image deployment/iris-server ' +
      'iris-server=rhizome.invalid/no-such-image:v0',
    'kubectl --context kind-mine --namespace iris-server rollout undo deployment/iris-server',
  ],
  ['hang', 'docker exec worker sh -c kill -STOP 7', 'docker exec worker sh -c kill -CONT 7'],
])('Ctrl-C during %s undoes it', async (name, done, undone) => {
  const { on } = await cluster('kind-mine', {
    'docker exec worker sh -c grep': 'echo /proc/7/cgroup',
    [done]: 'echo struck >&2; exec sleep 0.1',
  });
  const running = project.start(['chaos', name, '--on', on]);
  let interrupted = false;
  const poll = setInterval(() => {
    void project.calls().then((calls) => {
      if (interrupted || !calls.some((call) => call.startsWith(done))) return;
      interrupted = true;
      running.kill('SIGINT');
    });
  }, 50);
  const { exitCode, stdout, stderr } = await running;
  clearInterval(poll);
  expect(stderr).toContain('Interrupted by SIGINT.');
  expect({ exitCode, stdout }).toEqual({ exitCode: 130, stdout: '' });
  const calls = await project.calls();
  expect(calls.findIndex((call) => call.startsWith(undone))).toBeGreaterThan(
    calls.findIndex((call) => call.startsWith(done)),
  );
});

test('an experiment without recovery is a failure, and is undone too', async () => {
  const { on } = await cluster('kind-mine', {
    'kubectl --context kind-mine drain': 'echo "cannot evict: the budget allows none" >&2; exit 1',
  });
  const { exitCode, stdout, stderr } = await project.start(['chaos', 'drain', '--on', on]);
  expect(stdout).toMatch(
    /^✗ drain +no failures .*\n +This command failed \(exit code 1\): kubectl --context kind-mine\n? +drain worker/m,
  );
  expect(stderr).toMatch(
    /✗ Experiments beyond their expected impact: drain\.\n[^]*cannot evict: the budget allows none/,
  );
  expect(exitCode).toBe(1);
  expect(await project.calls()).toContain('kubectl --context kind-mine uncordon worker');
});

test('failures beyond the expected impact are a failure, with their kinds', async () => {
  const { on } = await cluster(
    'staging',
    { 'kubectl --context staging --namespace iris-server delete pod': ': > struck' },
    [event('DELETED', pods[0]!), event('ADDED', pod('c', 'worker'))].join('; '),
  );
  // The service takes no more connections, nor keeps those that it has.
  const poll = setInterval(() => {
    void project.calls().then((calls) => {
      if (calls.some((call) => call.includes('delete pod'))) {
        server.close();
        server.closeAllConnections();
      }
    });
  }, 50);
  const { exitCode, stdout, stderr } = await project.start(['chaos', 'kill', '--on', on, '--json']);
  clearInterval(poll);
  const [outcome] = JSON.parse(stdout) as [Outcome];
  expect(outcome.failedTwice).toBeGreaterThan(0);
  expect(outcome.exceeded).toEqual([
    expect.stringMatching(/^\d+ of \d+ requests failed, and failed again 3 s later: ECONNREFUSED/),
  ]);
  expect(stderr).toContain('✗ Experiments beyond their expected impact: kill.');
  expect(exitCode).toBe(1);
});
