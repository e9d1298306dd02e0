/** The completion scripts, in the shells that they are for. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { testWithTools } from '../../e2e/needs.ts';
import { createReporter } from '../terminal/reporter.ts';
import { createProgram } from '../program.ts';

const root = join(import.meta.dirname, '../..');
const timeout = 60_000;

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rhizome-completion-'));
  for (const shell of ['bash', 'zsh', 'fish']) {
    let script = '';
    const context = {
      root,
      report: createReporter({ write: () => true }),
      signal: new AbortController().signal,
      print: (text: string) => {
        script += text;
      },
    };
    await createProgram(context, '0.0.0').parseAsync(['completion', shell], { from: 'user' });
    writeFileSync(join(folder, shell), script);
  }
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

interface Shell {
  readonly command: string;
  /** The first line that is typed. */
  readonly prepare: string;
  /** Completes what was typed, and prints it. */
  readonly keys: string;
}

/** What is on the command line after Tab, for each line that is typed into an interactive shell. */
async function typed({ command, prepare, keys }: Shell, lines: readonly string[]): Promise<string[]> {
  const shell = execa('script', ['--quiet', '--return', '--command', `stty -echo cols 200; ${command}`, '/dev/null'], {
    cwd: root,
    env: { TERM: 'dumb' },
    stdin: 'pipe',
    buffer: false,
    reject: false,
    timeout,
  });
  let output = '';
  shell.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const until = async (pattern: RegExp): Promise<string> => {
    const deadline = performance.now() + timeout;
    for (;;) {
      const found = pattern.exec(output)?.[1];
      if (found !== undefined) return found;
      if (performance.now() > deadline) throw new Error(`${String(pattern)} is not in ${JSON.stringify(output)}`);
      await sleep(20);
    }
  };
  // Written in two parts, since the terminal may echo the line.
  shell.stdin.write(`${prepare}; echo "<rea""dy>"\n`);
  await until(/<(ready)>/);
  const completed: string[] = [];
  for (const line of lines) {
    output = '';
    shell.stdin.write(`${line}${keys}`);
    completed.push((await until(/^<(.*)>/m)).trim());
  }
  shell.stdin.end('exit\n');
  await shell;
  return completed;
}

// What is typed, and what Tab makes of it.
const cases = [
  ['rhizome comple', 'rhizome completion'],
  ['rhizome up --deta', 'rhizome up --detach'],
  ['rhizome chaos bad', 'rhizome chaos bad-image'],
  ['rhizome chaos kill nod', 'rhizome chaos kill node-stop'],
  ['npx rhizome up --on mi', 'npx rhizome up --on minikube'],
  ['rhizome predict ir', 'rhizome predict iris'],
  ['rhizome inspect READ', 'rhizome inspect README.md'],
  ['rhizome types --out tsconfig.b', 'rhizome types --out tsconfig.build.json'],
] as const;
const lines = cases.map(([line]) => line);
const wanted = cases.map(([, line]) => line);

const script = { tool: 'script', hint: 'util-linux' };

testWithTools([script, { tool: 'bash', hint: 'your distribution has it' }], 'bash', async () => {
  const shell = {
    command: 'exec bash --norc --noprofile -i',
    prepare: `PS1=; . ${folder}/bash`,
    // Tab completes; Ctrl-A and Ctrl-E put the line into quotes, so that it is printed and not run.
    keys: `\t\u0001printf '%s\\n' "<""\u0005"">"\n`,
  };
  expect(await typed(shell, [...lines, 'rhizome load --connections=ne'])).toEqual([
    ...wanted,
    'rhizome load --connections=new',
  ]);
});

testWithTools([script, { tool: 'zsh', hint: '.ci/shells' }], 'zsh', async () => {
  const print = `complete-and-print() { zle complete-word; print; print -r -- "<$BUFFER>"; BUFFER= }`;
  const shell = {
    command: 'exec zsh -f -i',
    prepare:
      `PS1=; autoload -U compinit; compinit -u -D; . ${folder}/zsh; ` +
      `${print}; zle -N complete-and-print; bindkey '^I' complete-and-print`,
    keys: '\t',
  };
  expect(await typed(shell, lines)).toEqual(wanted);
});

testWithTools([{ tool: 'fish', hint: '.ci/shells' }], 'fish', async () => {
  const complete = [...lines, 'rhizome up --on ', 'rhizome load --rate '];
  const program = [`source ${folder}/fish`, ...complete.map((line) => `echo "<$(complete --do-complete '${line}')>"`)];
  const { stdout } = await execa('fish', ['--no-config', '--command', program.join('\n')], {
    cwd: root,
    env: { HOME: folder },
    timeout,
  });
  const words = [...stdout.matchAll(/<([^>]*)>/g)].map(([, found]) =>
    found!
      .trim()
      .split('\n')
      .map((line) => line.split('\t')[0]!)
      .join(' '),
  );
  expect(words).toEqual([...wanted.map((line) => line.split(' ').at(-1)), 'kind local minikube', '']);
});

test('all commands and flags of the program are completed', async () => {
  const program = createProgram({} as Parameters<typeof createProgram>[0], '0.0.0');
  const ask = (command: string): string =>
    `COMP_WORDS=(rhizome ${command} --); COMP_CWORD=2; _rhizome; echo "\${COMPREPLY[*]}"`;
  const names = program.commands.map((command) => command.name());
  expect(names.length).toBeGreaterThan(15);
  const { stdout } = await execa('bash', ['-c', [`. ${folder}/bash`, ...names.map(ask)].join('\n')], { timeout });
  expect(stdout.split('\n')).toEqual(
    program.commands.map((command) => [...command.options.map(({ long }) => long), '--help'].join(' ')),
  );
});
