import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { execaSync } from 'execa';
import { checkOutput } from './output.ts';
import type { Snippet } from './snippets.ts';

const minutes = 60_000;

/** Runs snippets in a folder, as a person would in a terminal there. */
export class Shell {
  readonly #folder: string;
  readonly #environment: NodeJS.ProcessEnv;
  /** Programs that keep running until their section ends, where a person would press Ctrl-C. */
  readonly #running: { readonly child: ChildProcess; readonly section: string }[] = [];

  constructor(folder: string) {
    this.#folder = folder;
    // That of a user's shell: no tools of this project on the PATH, no settings of npm or Jest.
    this.#environment = {
      ...Object.fromEntries(
        Object.entries(process.env).filter(([name]) => !/^(npm_|JEST|CI$|NODE_OPTIONS)/.test(name)),
      ),
      PATH: (process.env['PATH'] ?? '')
        .split(delimiter)
        .filter((path) => !path.includes('node_modules'))
        .join(delimiter),
      // Temporary folders that the snippets create are removed together with the copy.
      TMPDIR: join(folder, 'tmp'),
    };
    mkdirSync(join(folder, 'tmp'));
  }

  /** Runs a snippet, and checks its exit code and the output that the page shows. */
  async run(snippet: Snippet): Promise<void> {
    const { code, how, expected, place } = snippet;
    const section = sectionOf(snippet);
    await this.stopProgramsExceptOf(section);
    if (how.kind === 'file') {
      mkdirSync(dirname(join(this.#folder, how.path)), { recursive: true });
      writeFileSync(join(this.#folder, how.path), `${code}\n`);
      return;
    }
    const began = performance.now();
    const child = this.#start(code, how.kind === 'run' && how.terminal);
    let [output, stdout] = ['', ''];
    let more = (): void => undefined;
    const collect = (chunk: Buffer): void => {
      output += chunk.toString();
      more();
    };
    child.stdout!.on('data', (chunk: Buffer) => (stdout += chunk.toString())).on('data', collect);
    child.stderr!.on('data', collect);
    const closed = once(child, 'close');

    if (how.kind === 'run until') {
      this.#running.push({ child, section });
      const seen = new Promise<void>((resolve) => {
        more = () => {
          if (output.includes(how.text)) resolve();
        };
      });
      await withTimeout(Promise.race([seen, closed]), 5 * minutes, `the output contains '${how.text}'`, () => output);
      if (!output.includes(how.text)) throw new Error(`It exited without printing '${how.text}':\n${output}`);
    } else {
      const [exitCode] = (await withTimeout(closed, 10 * minutes, 'the snippet ends', () => output)) as [number | null];
      if (how.kind === 'run' && exitCode !== how.exitCode) throw new Error(`Exit code ${exitCode}:\n${output}`);
      if (expected !== undefined) checkOutput(expected, stdout, output);
    }
    console.log(`${place} took ${((performance.now() - began) / 1000).toFixed(1)} s`);
  }

  /** Stops the programs of all sections except one, as Ctrl-C does. */
  async stopProgramsExceptOf(section: string | undefined): Promise<void> {
    for (const one of this.#running.filter((program) => program.section !== section)) {
      this.#running.splice(this.#running.indexOf(one), 1);
      if (one.child.exitCode !== null || one.child.signalCode !== null) continue;
      const exited = once(one.child, 'exit');
      process.kill(-one.child.pid!, 'SIGINT');
      await withTimeout(exited, minutes, 'a program exits after Ctrl-C');
    }
  }

  /** Runs a command that may fail. */
  runQuietly(command: string, ...args: readonly string[]): void {
    execaSync(command, args, { cwd: this.#folder, env: this.#environment, extendEnv: false, reject: false });
  }

  #start(code: string, terminal: boolean): ChildProcess {
    const options = { cwd: this.#folder, env: this.#environment };
    const child = terminal
      ? spawn('script', ['--quiet', '--return', '--command', code, '/dev/null'], options)
      : spawn('bash', ['-eo', 'pipefail', '-c', code], { ...options, detached: true });
    // It may exit without reading.
    child.stdin.on('error', () => undefined);
    // In a terminal, look around and leave, as a person would.
    child.stdin.end(terminal ? 'ls\nexit\n' : '');
    return child;
  }
}

const sectionOf = ({ place, section }: Snippet): string => `${place.split(':')[0]!} ${section}`;

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
