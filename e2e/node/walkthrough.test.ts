/** `rhizome up --explain`: a person at a terminal, who presses Enter at each question. */
import type { Readable, Writable } from 'node:stream';
import { answerWith, createProject, rolledOut } from '../../cli/fixtures/project.ts';
import { projectOnTerminal, rhizomeOnTerminal, screenOf, testOnTerminal, withoutColours } from '../pseudo-terminal.ts';
import { freePortFlags } from '../suite.ts';
import { createWorkspace } from '../workspace.ts';

const question = 'Enter continues, q and Enter stops:';

/** Answers each question. @returns the exit code, and the lines on the screen */
async function answer(
  running: PromiseLike<{ exitCode?: number }> & { stdout: Readable; stdin: Writable },
  answers: (question: number) => string,
): Promise<{ readonly exitCode: number | undefined; readonly lines: readonly string[] }> {
  let output = '';
  let answered = 0;
  running.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    for (; output.split(question).length - 1 > answered; answered++) running.stdin.write(answers(answered));
  });
  const { exitCode } = await running;
  return { exitCode, lines: screenOf(output).map(withoutColours) };
}

/** The steps, with the commands and the questions between them. */
const steps = (lines: readonly string[]): readonly string[] =>
  lines.filter((line) => /^• |^ {2}\$ |Enter continues/.test(line)).map((line) => line.trim());

testOnTerminal('on this machine: why each step is there, its command, and a pause before it', async () => {
  const workspace = await createWorkspace();
  try {
    const ports = await freePortFlags();
    const { exitCode, lines } = await answer(
      rhizomeOnTerminal(workspace.folder, 'up', '--explain', '--detach', ...ports),
      () => '\n',
    );
    expect(exitCode === 0 ? [] : lines).toEqual([]);
    expect(steps(lines)).toEqual([
      '• Synthesize the manifests',
      "$ CDK8S_OUTDIR=.rhizome/charts RHIZOME_ENVIRONMENT=local npx -c 'node infra/main.ts'",
      question,
      '• Start the replicas',
      question,
      '• Predict',
      expect.stringMatching(/^\$ curl http:.*\/predictions/),
      question,
      expect.stringMatching(/^\$ curl http:.*\/models\/iris\/predictions/),
    ]);
    expect(lines.join('\n')).toContain('• Start the replicas\n  Each replica of the Deployment becomes a process,');
    expect((await workspace.rhizome('status')).exitCode).toBe(0);
  } finally {
    await workspace.rhizome('down');
    await workspace.remove();
  }
});

testOnTerminal('q stops: the step that was explained does nothing; without a terminal, nobody is asked', async () => {
  const workspace = await createWorkspace();
  try {
    const refused = await workspace.rhizome('up', '--explain');
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toContain('--explain waits for Enter before each step, but there is no terminal');
    const { exitCode, lines } = await answer(rhizomeOnTerminal(workspace.folder, 'up', '--explain'), (asked) =>
      asked === 0 ? '\n' : 'q\n',
    );
    expect(exitCode).toBe(130);
    expect(lines.at(-1)).toContain('Stopped before the step "Start the replicas" did anything.');
    expect((await workspace.rhizome('status')).exitCode).toBe(1);
  } finally {
    await workspace.remove();
  }
});

testOnTerminal('on a cluster: each step pauses before the first command that changes something', async () => {
  const service = await answerWith(200, {
    prediction: 'setosa',
    probabilities: { setosa: 0.980945, versicolor: 0.019054, virginica: 0.000001 },
  });
  const image = [{ Os: 'linux', Architecture: 'amd64', Size: 1, RootFS: { Layers: ['sha256:1'] }, Config: {} }];
  const project = await createProject(
    {
      'kind get clusters': 'echo rhizome',
      'kind get nodes': 'echo a',
      'docker image inspect': `echo '${JSON.stringify(image)}'`,
      'docker save': 'echo > "$3"',
      'kubectl --context * get deployments': `echo '${rolledOut}'`,
    },
    service.port,
  );
  try {
    const running = projectOnTerminal(project, 'up', '--on', 'kind', '--explain', '--detach');
    const { exitCode, lines } = await answer(running, () => '\n');
    expect(exitCode === 0 ? [] : lines).toEqual([]);
    const all = steps(lines);
    const paused = all.filter((_, index) => all[index + 1]?.startsWith(question));
    expect(paused).toEqual([
      '$ kind version',
      '• Verify the models',
      expect.stringMatching(/^\$ docker build --tag/),
      expect.stringMatching(/^\$ CDK8S_OUTDIR=.rhizome\/charts/),
      expect.stringMatching(/^\$ docker save/),
      expect.stringMatching(/^\$ kubectl --context kind-rhizome apply/),
      expect.stringMatching(/^\$ kubectl .* get deployments/),
      expect.stringMatching(/^\$ kubectl .* get deployment.apps,service/),
      expect.stringMatching(/^\$ curl/),
    ]);
    // The cluster exists.
    const skipped = all.filter((line, index) => line.startsWith('•') && all[index + 1]?.startsWith('•'));
    expect(skipped).toEqual(['• Find or create the cluster']);
  } finally {
    await project.remove();
    await service.close();
  }
});
