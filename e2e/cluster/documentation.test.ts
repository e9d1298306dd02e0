/** Runs every snippet of the documentation as it is printed, from top to bottom, in a fresh copy of the project. */
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
  hint: 'the README says where to get it',
}));

/**
 * Returns why the snippets cannot run, or undefined if they can. They create and delete a cluster and a container,
 * which must not be the user's own. On CI nobody else can have created them.
 */
function findSkipReason(): string | undefined {
  if (process.env[variables.id] === undefined) return 'runs only with `npm run e2e`, which cleans up';
  if (process.env[variables.context] !== undefined) return 'not with --context: the snippets create their own cluster';
  if (process.env['CI'] !== undefined || needs.some(({ tool }) => findTool(tool) === undefined)) return undefined;
  const resources: readonly (readonly [what: string, command: string, args: readonly string[], name: string])[] = [
    ['the kind cluster rhizome', 'kind', ['get', 'clusters'], 'rhizome'],
    ['the container iris_1', 'docker', ['ps', '--all', '--format', '{{.Names}}'], 'iris_1'],
  ];
  const existing = resources.filter(([, command, args, name]) =>
    execaSync(command, args, { reject: false }).stdout.split('\n').includes(name),
  );
  return existing.length === 0
    ? undefined
    : `the snippets would delete what exists already: remove ${existing.map(([what]) => what).join(' and ')} first`;
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

/** The environment of a user's shell: no tools of this project on the PATH, no settings of npm or Jest. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(npm_|JEST|CI$|NODE_OPTIONS)/.test(name)),
);
environment['PATH'] = (process.env['PATH'] ?? '')
  .split(delimiter)
  .filter((path) => !path.includes('node_modules'))
  .join(delimiter);
// Temporary folders that the snippets create are removed together with the copy.
environment['TMPDIR'] = join(folder, 'tmp');
mkdirSync(environment['TMPDIR']);

/** Programs that keep running until their section ends, where a person would press Ctrl-C. */
const running: { readonly child: ChildProcess; readonly section: string }[] = [];

/** Stops the programs of all sections except one. */
async function stopProgramsExceptOf(section: string | undefined): Promise<void> {
  for (const one of running.filter((program) => program.section !== section)) {
    running.splice(running.indexOf(one), 1);
    if (one.child.exitCode !== null || one.child.signalCode !== null) continue;
    const exited = once(one.child, 'exit');
    process.kill(-one.child.pid!, 'SIGINT');
    await withTimeout(exited, minutes, 'a program exits after Ctrl-C');
  }
}

/** Registers commands that remove what the snippets create and that restore the tags that they move. */
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
  await stopProgramsExceptOf(undefined);
  if (skipReason === undefined) {
    for (const args of [
      ['rhizome', 'down'],
      ['rhizome', 'down', '--on', 'kind'],
    ]) {
      execaSync('npx', args, { cwd: folder, env: environment, extendEnv: false, reject: false });
    }
  }
  // In a run, e2e/run.ts removes the folder together with all others, after the clean-up commands, which may need it.
  else rmSync(folder, { recursive: true, force: true });
});

for (const document of documents(root)) {
  describe(document, () => {
    for (const snippet of snippets(root, document)) {
      // e2e/node/documentation.test.ts checks that such a snippet gives a reason in the comment above it.
      if (snippet.how.kind === 'not run') continue;
      if (skipReason !== undefined) testUnless(skipReason, snippet.place, () => runSnippet(snippet));
      else testWithTools(needs, snippet.place, () => runSnippet(snippet));
    }
  });
}

async function runSnippet({ code, section, how, expectedOutput, place }: Snippet): Promise<void> {
  await stopProgramsExceptOf(`${place.split(':')[0]!} ${section}`);
  const began = performance.now();
  const terminal = how.kind === 'run' && how.terminal;
  const child = terminal
    ? spawn('script', ['--quiet', '--return', '--command', code, '/dev/null'], { cwd: folder, env: environment })
    : spawn('bash', ['-eo', 'pipefail', '-c', code], { cwd: folder, env: environment, detached: true });
  // In a terminal, look around and leave, as a person would.
  // It may exit without reading.
  child.stdin.on('error', () => undefined);
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
    await withTimeout(Promise.race([seen, closed]), 5 * minutes, `the output contains '${how.text}'`, () => output);
    if (!output.includes(how.text)) throw new Error(`It exited without printing '${how.text}':\n${output}`);
  } else {
    const [exitCode] = (await withTimeout(closed, 10 * minutes, 'the snippet ends', () => output)) as [number | null];
    if (exitCode !== 0) throw new Error(`Exit code ${exitCode}:\n${output}`);
    if (expectedOutput !== undefined)
      expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).toEqual(rounded(expectedOutput));
  }
  console.log(`${place} took ${((performance.now() - began) / 1000).toFixed(1)} s`);
}

/** Returns a matcher for a value of the documentation, where numbers are rounded. */
function rounded(value: unknown): unknown {
  if (typeof value === 'number') return expect.closeTo(value, 4) as unknown;
  if (Array.isArray(value)) return value.map(rounded);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, rounded(item)]));
}

async function withTimeout<T>(work: Promise<T>, milliseconds: number, what: string, output = () => ''): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`Timed out after ${milliseconds / 1000} s, waiting until ${what}\n${output()}`));
    }, milliseconds);
  });
  return Promise.race([work, timeout]).finally(() => {
    clearTimeout(timer);
  });
}
