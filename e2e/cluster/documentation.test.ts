/** The documentation, read by a machine: every snippet, as printed, from the top, in a fresh copy of the project. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { execaSync } from 'execa';
import { findTool, testWithTools, testUnless } from '../needs.ts';
import { documents, snippets, type Snippet } from '../snippets.ts';
import { variables } from '../suite.ts';
import { cleanUpAtEnd } from '../cleanup.ts';

const root = join(import.meta.dirname, '../..');
const minutes = 60_000;
const needs = ['docker', 'kind', 'kubectl', 'curl', 'script'].map((tool) => ({
  tool,
  hint: 'the README tells where to get it',
}));

/** What the snippets make and remove may not be somebody's own. On CI all of it is the tests'. */
function findSkipReason(): string | undefined {
  if (process.env[variables.id] === undefined) return 'run by `npm run e2e`, which cleans up';
  if (process.env[variables.context] !== undefined) return '--context: the documentation makes a cluster of its own';
  if (process.env['CI'] !== undefined || needs.some(({ tool }) => findTool(tool) === undefined)) return undefined;
  const things: readonly (readonly [what: string, command: string, args: readonly string[], name: string])[] = [
    ['the kind cluster rhizome', 'kind', ['get', 'clusters'], 'rhizome'],
    ['the container iris_1', 'docker', ['ps', '--all', '--format', '{{.Names}}'], 'iris_1'],
  ];
  const there = things.filter(([, command, args, name]) =>
    execaSync(command, args, { reject: false }).stdout.split('\n').includes(name),
  );
  return there.length === 0
    ? undefined
    : `the documentation makes and removes ${there.map(([what]) => what).join(', ')}, which is there: remove it first`;
}

const skipReason = findSkipReason();
const folder = mkdtempSync(join(tmpdir(), 'rhizome-readme-'));
const files = execaSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: root }).stdout.split(
  '\n',
);
for (const file of files.filter((name) => existsSync(join(root, name)))) {
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  cpSync(join(root, file), join(folder, file));
}

/** What a person's shell has: neither the project's own tools on the PATH, nor this test runner's settings. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(npm_|JEST|CI$|NODE_OPTIONS)/.test(name)),
);
environment['PATH'] = (process.env['PATH'] ?? '')
  .split(delimiter)
  .filter((path) => !path.includes('node_modules'))
  .join(delimiter);
// What snippets make in new folders goes with the copy.
environment['TMPDIR'] = join(folder, 'tmp');
mkdirSync(environment['TMPDIR']);

/** Programs that run on until their section ends, as a person presses Ctrl-C there. */
const running: { readonly child: ChildProcess; readonly section: string }[] = [];

async function stopBut(section: string | undefined): Promise<void> {
  for (const one of running.filter((program) => program.section !== section)) {
    running.splice(running.indexOf(one), 1);
    if (one.child.exitCode !== null || one.child.signalCode !== null) continue;
    const exited = once(one.child, 'exit');
    process.kill(-one.child.pid!, 'SIGINT');
    await within(exited, minutes, 'a program ends after Ctrl-C');
  }
}

/** What the snippets make is removed by e2e/run.ts, and the images that they tag are again what they were. */
function registerCleanUps(): void {
  const list = `docker image ls --format '{{.Repository}}:{{.Tag}}' iris-server`;
  const before = execaSync('docker', ['image', 'ls', '--format', '{{.Repository}}:{{.Tag}} {{.ID}}', 'iris-server'])
    .stdout.split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(' '));
  for (const [tag, id] of before) cleanUpAtEnd('docker', 'tag', id!, tag!);
  cleanUpAtEnd(
    'sh',
    '-c',
    `${list} | grep -vxF -e none ${before.map(([tag]) => `-e ${tag!}`).join(' ')} | xargs -r docker image rm`,
  );
  cleanUpAtEnd('docker', 'compose', '--project-directory', folder, 'down');
  cleanUpAtEnd('docker', 'rm', '--force', 'iris_1');
  cleanUpAtEnd('kind', 'delete', 'cluster', '--name', 'rhizome');
}

if (skipReason === undefined) beforeAll(registerCleanUps);
afterAll(async () => {
  await stopBut(undefined);
  if (skipReason === undefined) {
    for (const args of [
      ['rhizome', 'down'],
      ['rhizome', 'down', '--on', 'kind'],
    ]) {
      execaSync('npx', args, { cwd: folder, env: environment, extendEnv: false, reject: false });
    }
  }
  // In a run the folder goes with all others: until then what is undone may need it.
  else rmSync(folder, { recursive: true, force: true });
});

for (const document of documents(root)) {
  describe(document, () => {
    for (const snippet of snippets(root, document)) {
      // Those that are not run give their reason above them: e2e/node/documentation.test.ts asks for it.
      if (snippet.how.kind === 'not run') continue;
      if (skipReason !== undefined) testUnless(skipReason, snippet.place, () => follow(snippet));
      else testWithTools(needs, snippet.place, () => follow(snippet));
    }
  });
}

async function follow({ code, section, how, answer, place }: Snippet): Promise<void> {
  await stopBut(`${place.split(':')[0]!} ${section}`);
  const began = performance.now();
  const terminal = how.kind === 'run' && how.terminal;
  const child = terminal
    ? spawn('script', ['--quiet', '--return', '--command', code, '/dev/null'], { cwd: folder, env: environment })
    : spawn('bash', ['-eo', 'pipefail', '-c', code], { cwd: folder, env: environment, detached: true });
  // A person who looked around leaves.
  child.stdin.end(terminal ? 'ls\nexit\n' : '');
  let [output, stdout] = ['', ''];
  let more = (): void => undefined;
  const collect = (chunk: Buffer): void => {
    output += chunk.toString();
    more();
  };
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString())).on('data', collect);
  child.stderr.on('data', collect);
  const closed = once(child, 'close');

  if (how.kind === 'run until') {
    running.push({ child, section: `${place.split(':')[0]!} ${section}` });
    const seen = new Promise<void>((resolve) => {
      more = () => {
        if (output.includes(how.text)) resolve();
      };
    });
    await within(Promise.race([seen, closed]), 5 * minutes, `the output has '${how.text}'`, () => output);
    if (!output.includes(how.text)) throw new Error(`it ended without '${how.text}':\n${output}`);
  } else {
    const [code_] = (await within(closed, 10 * minutes, 'the snippet ends', () => output)) as [number | null];
    if (code_ !== 0) throw new Error(`exit code ${code_}:\n${output}`);
    if (answer !== undefined) expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).toEqual(rounded(answer));
  }
  console.log(`${place} took ${((performance.now() - began) / 1000).toFixed(1)} s`);
}

/** The documentation rounds numbers. */
function rounded(value: unknown): unknown {
  if (typeof value === 'number') return expect.closeTo(value, 4) as unknown;
  if (Array.isArray(value)) return value.map(rounded);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, rounded(item)]));
}

async function within<T>(work: Promise<T>, milliseconds: number, what: string, output = () => ''): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`waited ${milliseconds / 1000} s in vain until ${what}\n${output()}`));
    }, milliseconds);
  });
  return Promise.race([work, late]).finally(() => {
    clearTimeout(timer);
  });
}
