/** The bars of `rhizome bundle` and of a load into kind, on a terminal. Stand-ins of the tools stop at each of them. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createProject, type Answers } from '../../cli/fixtures/project.ts';
import { projectOnTerminal, screenOf, testOnTerminal, withoutColours } from '../pseudo-terminal.ts';

const inspected = {
  Os: 'linux',
  Architecture: 'amd64',
  Size: 4e6,
  RootFS: { Layers: ['sha256:1'] },
  GraphDriver: { Data: {} },
  Config: {},
};

/** The shell line of a stand-in that waits until the test has seen the bar with a name. */
const wait = (name: string): string => `until [ -e ${name} ]; do sleep 0.05; done`;

/** Runs `rhizome`, and lets each stand-in go on once its bar is on the screen. @returns the bars that were seen */
async function bars(
  answers: Answers,
  files: Readonly<Record<string, string>>,
  expected: Readonly<Record<string, string>>,
  ...args: readonly string[]
): Promise<{ readonly exitCode: number | undefined; readonly seen: readonly string[] }> {
  const project = await createProject(answers);
  const seen: string[] = [];
  try {
    for (const [name, text] of Object.entries(files)) await writeFile(join(project.folder, name), text);
    const running = projectOnTerminal(project, ...args);
    let output = '';
    running.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      const last = withoutColours(screenOf(output).at(-1) ?? '').trim();
      for (const [name, bar] of Object.entries(expected)) {
        if (seen.includes(name) || !last.endsWith(bar)) continue;
        seen.push(name);
        void writeFile(join(project.folder, name), '');
      }
    });
    const { exitCode } = await running;
    if (exitCode !== 0 || seen.length < Object.keys(expected).length) console.log(screenOf(output).join('\n'));
    return { exitCode, seen };
  } finally {
    await project.remove();
  }
}

const bar = (filled: number): string => '━'.repeat(filled) + '─'.repeat(24 - filled);

testOnTerminal('bundle shows how much of an image is saved, and how many packages are installed', async () => {
  const lockfile = JSON.stringify({ packages: { 'node_modules/a': {}, 'node_modules/b': {} } });
  const answers = {
    'docker image inspect': `echo '${JSON.stringify([inspected])}'`,
    'docker container inspect': 'echo kindest/node:v1.36.0',
    'docker save': `head -c 3000000 /dev/zero > "$3"; ${wait('saved')}`,
    'npm config get registry': 'echo https://registry.example/npm/',
    'npm ci': `mkdir -p "$3" node_modules/a; echo {} > node_modules/a/package.json; ${wait('"$HOME"/installed')}`,
  };
  const expected = { saved: `${bar(18)} 3 MB of about 4 MB`, installed: `${bar(12)} 1 of 2 packages` };
  expect(await bars(answers, { 'package-lock.json': lockfile }, expected, 'bundle')).toEqual({
    exitCode: 0,
    seen: ['saved', 'installed'],
  });
});

testOnTerminal('a load into kind shows how much of the archive the nodes have read', async () => {
  const half = 'head -c $(($(wc -c < "$3") / 2))';
  const answers = {
    'kind get nodes': 'printf "a\\nb\\n"',
    'kind load': `exec 3< "$3" 4< "$3"; (cat <&3 >/dev/null); (${half} <&4 >/dev/null); ${wait('loaded')}`,
  };
  const expected = { loaded: process.platform === 'linux' ? `${bar(18)} 75%` : 'archive of 0 MB' };
  const run = await bars(answers, {}, expected, 'push-model', 'models/iris', 'iris-models:v1', '--on', 'kind');
  expect(run).toEqual({ exitCode: 0, seen: ['loaded'] });
});
