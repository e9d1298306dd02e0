import { createProject, rolledOut, type Project } from '../fixtures/project.ts';

// The cluster is only a stand-in for its tools. cli/board/board.test.ts tests the board of real replicas on this
// machine, and e2e/cluster that of a real cluster.

let project: Project;
afterEach(() => project.remove());

test('a board that cannot be opened does not keep a port-forward, and so the command ends', async () => {
  const scaledToZero = rolledOut.replace('"replicas":1', '"replicas":0');
  project = await createProject({
    'kubectl config get-contexts': 'echo mine',
    'kubectl --context * get deployments': `echo '${scaledToZero}'`,
    'kubectl --context * port-forward': "echo 'Forwarding from 127.0.0.1:1 -> 8000'; exec sleep 60",
  });
  const { exitCode, timedOut, stderr } = await project.start(['board', '--on', 'context=mine']);
  expect([exitCode, timedOut, stderr]).toEqual([1, false, expect.stringContaining('Nothing is up on context=mine.')]);
  expect((await project.calls()).filter((call) => call.includes('port-forward'))).toHaveLength(1);
});
