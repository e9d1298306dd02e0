import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { createProgram } from './program.ts';
import { answerWith, createProject, rolledOut, type Answers, type Project } from './fixtures/project.ts';
import { createReporter } from './terminal/reporter.ts';

let project: Project;
beforeAll(async () => {
  project = await createProject({});
});
afterAll(() => project.remove());

const example = { sepal_length: 5, sepal_width: 3.5, petal_length: 1.3, petal_width: 0.3 };

test('every command has help with examples', () => {
  const context = {
    root: '/',
    report: createReporter({ write: () => true }),
    signal: new AbortController().signal,
    print: () => undefined,
  };
  const { commands } = createProgram(context, '0.0.0');
  expect(commands.map((command) => command.name())).toEqual(
    expect.arrayContaining([
      'up',
      'status',
      'predict',
      'load',
      'chaos',
      'logs',
      'down',
      'build',
      'synth',
      'init',
      'add',
      'types',
      'doctor',
    ]),
  );
  for (const command of commands) {
    let help = '';
    command
      .configureOutput({
        writeOut: (text) => {
          help += text;
        },
      })
      .outputHelp();
    expect(help).toMatch(new RegExp(`Examples:\n  \\$ .*rhizome ${command.name()}`));
  }
});

test.each([
  [['nonsense'], "unknown command 'nonsense'"],
  [['up', '--on', 'moon'], 'Expected local, kind, minikube or context=NAME.'],
  [['up', '--port', '0'], 'Expected a number from 1 to 65535.'],
  [['up', '--on', 'kind', '--port', '9000'], '--port has no effect on kind'],
  [['up', '--on', 'kind', '--registry', 'https://r.example'], '--registry https://r.example is not a valid registry.'],
  [['up', '--on', 'kind', '--registry', 'team'], '--registry team is not a valid registry.'],
  [['up', '--on', 'kind', '--registry', 'r.example', '--image', 'a:1'], '--registry has no effect with --image'],
  [['up', '--registry', 'r.example'], '--registry has no effect without a cluster'],
  [['up', '--no-verify'], '--no-verify has no effect without a cluster'],
  [['up', '--base-image', 'x'], '--base-image has no effect without a cluster'],
  [['predict', 'tulip'], 'There is no model "tulip": models/ has iris.'],
  [['predict', 'tulip', '--json', '{}'], 'There is no model "tulip": models/ has iris.'],
  [
    ['predict', '--url', 'localhost:8080', '--json', '{}'],
    "'localhost:8080' is invalid. Expected a URL, such as http://localhost:8080.",
  ],
  [['predict', '--json', '{}', '--file', '-'], 'cannot be used with option'],
  [['load', '--rate', '0'], 'Expected requests per second: more than 0, at most 100000.'],
  [['load', '--for', '1y'], 'Expected a time, such as 30s, 500ms or 2m.'],
  [['load', '--connections', 'many'], 'Allowed choices are new, keep-alive, both.'],
  [['stauts'], '(Did you mean status?)'],
  [['up', '--detahc'], '(Did you mean --detach?)'],
  [['chaos', 'kil'], '(Did you mean kill?)'],
  [['up', '--on', 'knid'], '(Did you mean kind?)'],
  [['build', '--engine', 'poodman'], '(Did you mean podman?)'],
])('exits 2 for %j', async (args, message) => {
  const { exitCode, stdout, stderr } = await project.start(args);
  expect(stderr).toContain(message);
  expect(stdout).toBe('');
  expect(exitCode).toBe(2);
  expect(await project.calls()).toEqual([]);
});

test('exits 0 for --help and --version in any folder, 1 outside of a project and if nothing is up', async () => {
  const elsewhere = (args: readonly string[]) =>
    execa(process.execPath, [`${import.meta.dirname}/main.ts`, ...args], { cwd: tmpdir(), reject: false });
  expect((await elsewhere(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+$/);
  expect((await elsewhere(['up', '--help'])).exitCode).toBe(0);
  const lost = await elsewhere(['synth']);
  expect(lost.exitCode).toBe(1);
  expect(lost.stderr).toContain('There is no cdk8s.yaml in');

  const nothing = await project.start(['status']);
  expect(nothing.exitCode).toBe(1);
  expect(nothing.stderr).toBe(
    '\n✗ Nothing is up.\n' +
      '  → `rhizome up` starts the models on this machine, `rhizome up --on kind` on a local cluster.',
  );
  expect((await project.start(['down'])).stdout).toBe('Nothing was up.');
});

test("predict sends the model's first example or the given JSON, and prints the response", async () => {
  const service = await answerWith(200, { prediction: 'setosa' });
  try {
    const first = await project.start(['predict', '--url', `${service.url}/`]);
    expect(first.stdout).toBe('{"prediction":"setosa"}');
    expect(first.stderr).toBe(
      `  $ curl ${service.url}/predictions -H 'content-type: application/json' -d '${JSON.stringify(example)}'`,
    );
    const piped = await project.start(['predict', '--file', '-', '--url', service.url], {
      input: '[{"a":1}]',
      env: { API_KEY: 'secret' },
    });
    expect(piped.stderr).toContain('-H "Authorization: Bearer $API_KEY"');
    expect(piped.stderr).not.toContain('secret');
    expect(service.received).toEqual([
      { body: JSON.stringify(example), authorization: undefined },
      { body: '[{"a":1}]', authorization: 'Bearer secret' },
    ]);
  } finally {
    await service.close();
  }
});

test('predict shows each invalid field, and the URL that cannot be reached', async () => {
  const service = await answerWith(422, {
    type: 'urn:problem-type:rhizome:invalid-input',
    title: 'Invalid input',
    detail: '1 field is wrong.',
    errors: [{ pointer: '#/petal_width', detail: 'Expected more.', expected: 'a number' }],
  });
  const rejected = await project.start(['predict', '--json', '{}', '--url', service.url]);
  await service.close();
  expect(rejected.exitCode).toBe(1);
  expect(rejected.stderr).toContain(
    '✗ The service rejected the request (422 Invalid input): 1 field is wrong.\n' +
      '    #/petal_width Expected more, expected a number\n',
  );
  const unreachable = await project.start(['predict', '--json', '{}', '--url', service.url]);
  expect(unreachable.exitCode).toBe(1);
  expect(unreachable.stderr).toMatch(/✗ Cannot reach the service at http:\S+: connect ECONNREFUSED/);
});

test('synth runs the app of cdk8s.yaml, prints its files, removes others; changes nothing if it fails', async () => {
  await writeFile(join(project.folder, 'charts-out/renamed.k8s.yaml'), '');
  const { exitCode, stdout, stderr } = await project.start(['synth', '--json'], {
    env: { RHIZOME_IMAGE: 'iris-server:v9' },
  });
  expect(exitCode).toBe(0);
  expect(stderr).toContain("  $ CDK8S_OUTDIR=charts-out npx -c 'sed ");
  expect(JSON.parse(stdout)).toEqual({ files: ['charts-out/local.k8s.yaml'] });
  expect(await readFile(join(project.folder, 'charts-out/local.k8s.yaml'), 'utf8')).toContain(
    'image: iris-server:v9\n',
  );

  await writeFile(join(project.folder, 'cdk8s.yaml'), 'app: echo wrong prop >&2; exit 1\noutput: charts-out\n');
  const failed = await project.start(['synth']);
  expect(failed.exitCode).toBe(1);
  expect(failed.stderr).toContain('✗ This command failed (exit code 1): CDK8S_OUTDIR=charts-out npx -c ');
  expect(await readFile(join(project.folder, 'charts-out/local.k8s.yaml'), 'utf8')).toContain(
    'image: iris-server:v9\n',
  );
  expect(failed.stderr).toContain('    wrong prop\n  → Nothing was applied.');

  await writeFile(join(project.folder, 'cdk8s.yaml'), 'app: "true"\noutput: charts-out\n');
  expect((await project.start(['synth'])).stderr).toContain('✗ `true` wrote no *.k8s.yaml to charts-out.');
  expect(await readFile(join(project.folder, 'charts-out/local.k8s.yaml'), 'utf8')).toContain(
    'image: iris-server:v9\n',
  );
});

test('a kind that does not work, such as without Docker, does not affect other targets', async () => {
  const broken = await createProject({ 'kind get clusters': 'echo no Engine >&2; exit 1' });
  try {
    expect(await broken.start(['down'])).toMatchObject({ exitCode: 0, stdout: 'Nothing was up.' });
    const status = await broken.start(['status']);
    expect(status.stderr).toContain(
      'Ignoring kind, which `up` was not used on: This command failed (exit code 1): kind get clusters\n',
    );
    expect(status.stderr).toContain('✗ Nothing is up.');
    const named = await broken.start(['down', '--on', 'kind']);
    expect(named.exitCode).toBe(1);
    expect(named.stderr).toContain('no Engine');
    // Nobody used it here, but somebody may name it.
    await broken.uninstall('kind');
    expect(await broken.start(['down'])).toMatchObject({ exitCode: 0, stdout: 'Nothing was up.' });
    expect((await broken.start(['down', '--on', 'kind'])).stderr).toContain('✗ `kind` is not installed');
  } finally {
    await broken.remove();
  }
});

describe('what cannot be determined is not nothing', () => {
  const record = async (on: string, answers: Answers = {}): Promise<Project> => {
    const used = await createProject(answers);
    await mkdir(join(used.folder, '.rhizome'));
    await writeFile(join(used.folder, '.rhizome/applied.json'), JSON.stringify({ [on]: { installations: [] } }));
    return used;
  };

  test.each([['down'], ['status'], ['predict'], ['logs']])(
    '%s without kind on the PATH, after up --on kind',
    async (command) => {
      const used = await record('kind');
      await used.uninstall('kind');
      try {
        const { exitCode, stdout, stderr } = await used.start([command]);
        expect(stdout).toBe('');
        expect(stderr).toContain(
          '✗ Cannot determine what is running on kind: `kind` is not installed, or not on the PATH',
        );
        expect(stderr).toMatch(/→ Put `kind` on the PATH\. Then run the same command again\. `up --on kind` was used/);
        expect(exitCode).toBe(1);
      } finally {
        await used.remove();
      }
    },
  );

  test('down --json with Docker unreachable prints no result, and says that Docker does not respond', async () => {
    const used = await record('kind', {
      'kind get clusters': 'echo failed to list clusters >&2; exit 1',
      'docker version': 'echo Cannot connect to the Docker daemon >&2; exit 1',
    });
    try {
      const { exitCode, stdout, stderr } = await used.start(['down', '--json']);
      expect(stdout).toBe('');
      expect(stderr).toMatch(
        /✗ Cannot determine .* Docker is installed, but its daemon does not respond\.\n.*Cannot connect/,
      );
      expect(exitCode).toBe(1);
      // The record is needed by the next `down`, which finds the cluster.
      expect(await readFile(join(used.folder, '.rhizome/applied.json'), 'utf8')).toContain('kind');
    } finally {
      await used.remove();
    }
  });

  test('down without docker on the PATH, where kind would use podman and find no clusters', async () => {
    const used = await record('kind', { 'podman info': 'echo 5' });
    await used.uninstall('docker');
    await writeFile(join(used.folder, '.rhizome/applied.json'), '{"kind": {"engine": "docker", "installations": []}}');
    try {
      const { exitCode, stderr } = await used.start(['down']);
      expect([exitCode, stderr]).toEqual([1, expect.stringContaining('`docker` is not installed')]);
    } finally {
      await used.remove();
    }
  });

  test('a cluster that was deleted by other means is forgotten by down', async () => {
    const used = await record('kind', { 'kind get clusters': 'echo other' });
    try {
      expect(await used.start(['down'])).toMatchObject({ exitCode: 0, stdout: 'Nothing was up.' });
      await used.uninstall('kind');
      expect(await used.start(['down'])).toMatchObject({ exitCode: 0, stdout: 'Nothing was up.' });
    } finally {
      await used.remove();
    }
  });

  test.each([
    ['minikube', 'minikube', '`minikube` is not installed'],
    ['context=staging', 'kubectl', '`kubectl` is not installed'],
  ])('down after up --on %s, without %s on the PATH', async (on, tool, message) => {
    const used = await record(on);
    await used.uninstall(tool);
    try {
      const { exitCode, stderr } = await used.start(['down']);
      expect([exitCode, stderr]).toEqual([1, expect.stringContaining(message)]);
    } finally {
      await used.remove();
    }
  });

  test.each([
    ['is stopped', 'exit 7', 1, '✗ Cannot determine what is running on minikube: minikube is not running'],
    ['was deleted', 'exit 85', 0, ''],
  ])('down after up --on minikube, which %s since', async (_, answer, exitCode, message) => {
    const used = await record('minikube', { 'minikube status': answer });
    try {
      expect(await used.start(['down'])).toMatchObject({ exitCode, stderr: expect.stringContaining(message) });
    } finally {
      await used.remove();
    }
  });
});

test('a context of a former up that does not respond is reported', async () => {
  const silent = await createProject({
    'kind get clusters': 'echo none',
    'kubectl config get-contexts': 'echo staging',
    'kubectl --context staging': 'echo i/o timeout >&2; exit 1',
  });
  try {
    await mkdir(join(silent.folder, '.rhizome'), { recursive: true });
    await writeFile(join(silent.folder, '.rhizome/applied.json'), '{"context=staging": {"installations": []}}');
    const status = await silent.start(['status']);
    expect(status.exitCode).toBe(1);
    expect(status.stderr).toContain('i/o timeout');
  } finally {
    await silent.remove();
  }
});

test('a context that is no longer in the kubeconfig is forgotten, with a message', async () => {
  const gone = await createProject({ 'kubectl config get-contexts': 'echo other' });
  try {
    await mkdir(join(gone.folder, '.rhizome'));
    await writeFile(join(gone.folder, '.rhizome/applied.json'), '{"context=staging": {"installations": []}}');
    const status = await gone.start(['status']);
    expect(status.stderr).toBe(
      '  Forgetting context=staging: kubectl no longer has that context.\n\n✗ Nothing is up.\n' +
        '  → `rhizome up` starts the models on this machine, `rhizome up --on kind` on a local cluster.',
    );
    expect(await gone.start(['down'])).toMatchObject({ exitCode: 0, stdout: 'Nothing was up.', stderr: '' });
  } finally {
    await gone.remove();
  }
});

test('a kind cluster that exists but does not respond is up: status reports it, down deletes it', async () => {
  const ill = await createProject({
    'kind get clusters': 'echo rhizome',
    'kubectl --context': 'echo refused >&2; exit 1',
  });
  try {
    // A context that is silent is not a second target.
    await mkdir(join(ill.folder, '.rhizome'));
    await writeFile(join(ill.folder, '.rhizome/applied.json'), '{"context=staging": {"installations": []}}');
    expect((await ill.start(['status'])).stderr).toContain('    refused\n');
    expect((await ill.start(['down'])).stdout).toBe('removed kind cluster rhizome');
  } finally {
    await ill.remove();
  }
});

test('a kind cluster without a Deployment: status says so and prints no address; predict and logs fail', async () => {
  const empty = await createProject({ 'kind get clusters': 'echo rhizome' });
  try {
    expect(await empty.start(['status'])).toMatchObject({
      exitCode: 0,
      stdout: 'kind: the cluster is running, but nothing is deployed on it. To deploy: rhizome up --on kind',
    });
    expect(await empty.start(['predict'])).toMatchObject({
      exitCode: 1,
      stdout: '',
      stderr:
        '\n✗ kind: the cluster is running, but nothing is deployed on it.\n' + '  → To deploy: rhizome up --on kind',
    });
    expect(await empty.start(['logs'])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('✗ kind: the cluster is running, but nothing is deployed on it.'),
    });
  } finally {
    await empty.remove();
  }
});

test.each([
  [[], '--tail=20'],
  [['--tail', '3'], '--tail=3'],
  [['--tail', 'all'], undefined],
])('logs %j prints the last lines of each pod', async (flags, expected) => {
  const cluster = await createProject({
    'kubectl --context kind-rhizome --namespace iris-server get': `echo '${rolledOut}'`,
    'kubectl --context kind-rhizome --namespace iris-server logs': 'echo a line',
  });
  try {
    const { stdout } = await cluster.start(['logs', '--on', 'kind', ...flags]);
    expect(stdout).toBe('iris-server-1-a | a line');
    const call = (await cluster.calls()).find((argv) => argv.includes(' logs '));
    expect(/--tail=\S+/.exec(call ?? '')?.[0]).toBe(expected);
  } finally {
    await cluster.remove();
  }
});

test('Ctrl-C ends logs --follow without a failure, also during a request to the cluster', async () => {
  const slow = await createProject({ 'kubectl --context kind-rhizome': 'exec sleep 30' });
  try {
    const following = slow.start(['logs', '--follow', '--on', 'kind']);
    const deadline = Date.now() + 20_000;
    while ((await slow.calls()).length === 0 && Date.now() < deadline) await sleep(20);
    following.kill('SIGINT');
    expect(await following).toMatchObject({ exitCode: 0, stderr: '' });
  } finally {
    await slow.remove();
  }
});

test.each([['local'], ['kind']])('up on %s without any model starts nothing, and says how to add one', async (on) => {
  const empty = await createProject({});
  try {
    await rm(join(empty.folder, 'models'), { recursive: true });
    const { exitCode, stderr } = await empty.start(['up', '--on', on]);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/models\/ is empty\.\n.*rhizome add FILE\.onnx/);
    expect(await empty.calls()).toEqual([]);
  } finally {
    await empty.remove();
  }
});
