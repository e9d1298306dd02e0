import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { addressOfBoard } from '../../e2e/board/address.ts';
import { readStream } from '../../e2e/board/stream.ts';
import type { BoardMessage } from '../board/messages.ts';
import { createProject, rolledOut, type Answers, type Project } from '../fixtures/project.ts';
import { serveExamples } from '../load/fixtures/service.ts';

// The cluster is only a stand-in for its tools. cli/board/board.test.ts tests the board of real replicas on this
// machine, and e2e/cluster that of a real cluster.

let project: Project;
afterEach(() => project.remove());

async function cluster(deployment: string, port: number, answers: Answers = {}): Promise<void> {
  project = await createProject({
    ...answers,
    'kubectl config get-contexts': 'echo mine',
    'kubectl --context * get deployments': `echo '${deployment}'`,
    'kubectl --context * port-forward': `echo 'Forwarding from 127.0.0.1:${port} -> 8000'; exec sleep 60`,
    'kubectl --context * --watch': 'exec sleep 60',
  });
}

test('a board that cannot be opened does not keep a port-forward, and so the command ends', async () => {
  await cluster(rolledOut.replace('"replicas":1', '"replicas":0'), 1);
  const { exitCode, timedOut, stderr } = await project.start(['board', '--on', 'context=mine']);
  expect([exitCode, timedOut, stderr]).toEqual([1, false, expect.stringContaining('Nothing is up on context=mine.')]);
  expect((await project.calls()).filter((call) => call.includes('port-forward'))).toHaveLength(1);
});

test('the board shows the events of the service’s objects, and a load up to its last request', async () => {
  // One response that the load has to wait for at its end.
  let holds = false;
  const held: ServerResponse[] = [];
  const { server, port } = await serveExamples(() =>
    holds && held.length === 0 ? (_, response) => held.push(response) : undefined,
  );
  const event = (kind: string, name: string, reason: string, more: object = {}): string => {
    const involvedObject = { kind, name };
    const object = {
      metadata: { uid: `${name} ${reason}` },
      involvedObject,
      reason,
      message: `about ${name}`,
      ...more,
    };
    return `echo '${JSON.stringify({ type: 'ADDED', object })}'`;
  };
  const killing = event('Pod', 'iris-server-1-a', 'Killing');
  const expired = { type: 'ERROR', object: { kind: 'Status', metadata: {}, reason: 'Expired', code: 410 } };
  const watched = [
    killing,
    `echo '${JSON.stringify(expired)}'`,
    event('Pod', 'iris-server-1-a', 'Unhealthy', { type: 'Warning' }),
    event('Pod', 'iris-server-wine-1-a', 'Killing'),
    event('ReplicaSet', 'iris-server-2', 'FailedCreate', { type: 'Warning' }),
    // At once again.
    killing,
    event('Deployment', 'iris-server', 'ScalingReplicaSet'),
    'exec sleep 60',
  ];
  await cluster(rolledOut, port, { 'kubectl --context * get events --watch-only': watched.join('; ') });
  const running = project.start(['board', '--on', 'context=mine']);
  try {
    const address = await addressOfBoard(running);
    const messages: BoardMessage[] = [];
    const received = new EventTarget();
    const reading = readStream(`${address}stream/updates`, (message) => {
      messages.push(message as BoardMessage);
      received.dispatchEvent(new Event('message'));
    });
    const until = async (holds: (message: BoardMessage) => boolean): Promise<void> => {
      const signal = AbortSignal.timeout(20_000);
      while (!messages.some(holds)) await once(received, 'message', { signal });
    };
    const events = () => messages.flatMap((message) => (message.kind === 'events' ? message.events : []));
    await until(() => events().some(({ text }) => text.includes('ScalingReplicaSet')));
    expect(events().map(({ kind, replica, text }) => [kind, replica, text])).toEqual([
      ['note', 'iris-server-1-a', 'Killing: about iris-server-1-a'],
      ['warning', 'iris-server-1-a', 'Unhealthy: about iris-server-1-a'],
      ['warning', undefined, 'ReplicaSet iris-server-2: FailedCreate: about iris-server-2'],
      ['note', undefined, 'Deployment iris-server: ScalingReplicaSet: about iris-server'],
    ]);

    const post = (path: string) => fetch(`${address}${path}`, { method: 'POST', body: JSON.stringify({ rate: 20 }) });
    expect((await post('load')).status).toBe(204);
    await until((message) => message.kind === 'load' && message.seconds.length > 0);
    holds = true;
    await until(() => held.length === 1);
    const stopped = post('stop');
    // Until its last response, a load is still shown.
    const shown = () => messages.filter(({ kind }) => kind === 'load').length;
    const before = shown();
    await until(() => shown() >= before + 2);
    held[0]?.end('null');
    expect((await stopped).status).toBe(204);
    await until(({ kind }) => kind === 'result');
    const seconds = new Map(
      messages.flatMap((message) => (message.kind === 'load' ? message.seconds.map((each) => [each.at, each]) : [])),
    );
    const sent = [...seconds.values()].reduce((sum, second) => sum + second.sent, 0);
    expect(messages.findLast(({ kind }) => kind === 'result')).toMatchObject({
      result: { outcome: { sent, kinds: 'wrong prediction 1' } },
    });
    running.kill('SIGINT');
    await reading;
    expect((await running).exitCode).toBe(0);
  } finally {
    running.kill('SIGKILL');
    server.close();
  }
});
