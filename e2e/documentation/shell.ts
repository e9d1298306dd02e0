import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { execaSync } from 'execa';
import { checkOutput } from './output.ts';
import type { Snippet } from './snippets.ts';

type HowToRun = Extract<Snippet['how'], { readonly kind: 'run' }>;

/** A snippet that has been started. */
interface Program {
  readonly child: ChildProcess;
  /** Resolves to the exit code, if it was not ended by a signal. */
  readonly closed: Promise<number | null>;
  /** Both outputs, as they came. */
  readonly output: () => string;
  readonly stdout: () => string;
  readonly onOutput: (listener: () => void) => void;
}

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
    const { code, how, place } = snippet;
    await this.stopProgramsExceptOf(sectionOf(snippet));
    const began = performance.now();
    if (how.kind === 'file') this.#save(how.path, code);
    else if (how.kind === 'run until') await this.#runUntil(snippet, how.text);
    else if (how.kind === 'run') await this.#runToTheEnd(snippet, how);
    console.log(`${place} took ${((performance.now() - began) / 1000).toFixed(1)} s`);
  }

  #save(path: string, code: string): void {
    const file = join(this.#folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${code}\n`);
  }

  async #runUntil(snippet: Snippet, text: string): Promise<void> {
    const program = this.#start(snippet.code);
    this.#running.push({ child: program.child, section: sectionOf(snippet) });
    const seen = new Promise<void>((resolve) => {
      program.onOutput(() => {
        if (program.output().includes(text)) resolve();
      });
    });
    await withTimeout(Promise.race([seen, program.closed]), 5, `the output contains '${text}'`, program.output);
    if (!program.output().includes(text)) throw new Error(`It exited without printing '${text}':\n${program.output()}`);
  }

  async #runToTheEnd({ code, expected }: Snippet, how: HowToRun): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const program = this.#start(code, how.terminal);
      const exitCode = await withTimeout(program.closed, 10, 'the snippet ends', program.output);
      if (exitCode === how.exitCode) {
        if (expected !== undefined) checkOutput(expected, program.stdout(), program.output());
        return;
      }
      if (attempt >= how.attempts) throw new Error(`Exit code ${exitCode}:\n${program.output()}`);
      console.log(`Attempt ${attempt}: exit code ${exitCode}\n${program.output()}`);
    }
  }

  /** Stops the programs of all sections except one, as Ctrl-C does. */
  async stopProgramsExceptOf(section: string | undefined): Promise<void> {
    for (const one of this.#running.filter((program) => program.section !== section)) {
      this.#running.splice(this.#running.indexOf(one), 1);
      if (one.child.exitCode !== null || one.child.signalCode !== null) continue;
      const exited = once(one.child, 'exit');
      process.kill(-one.child.pid!, 'SIGINT');
      await withTimeout(exited, 1, 'a program exits after Ctrl-C');
    }
  }

  /** Runs a command that may fail. */
  runQuietly(command: string, ...args: readonly string[]): void {
    execaSync(command, args, { cwd: this.#folder, env: this.#environment, extendEnv: false, reject: false });
  }

  #start(code: string, terminal = false): Program {
    const options = { cwd: this.#folder, env: this.#environment };
    const child = terminal
      ? spawn('script', ['--quiet', '--return', '--command', code, '/dev/null'], options)
      : spawn('bash', ['-eo', 'pipefail', '-c', code], { ...options, detached: true });
    // It may exit without reading.
    child.stdin.on('error', () => undefined);
    // In a terminal, look around and leave, as a person would.
    child.stdin.end(terminal ? 'ls\nexit\n' : '');
    let [output, stdout] = ['', ''];
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        if (stream === child.stdout) stdout += chunk.toString();
      });
    return {
      child,
      closed: once(child, 'close').then(([exitCode]) => exitCode as number | null),
      output: () => output,
      stdout: () => stdout,
      onOutput: (listener) => {
        for (const stream of [child.stdout, child.stderr]) stream.on('data', listener);
      },
    };
  }
}

const sectionOf = ({ place, section }: Snippet): string => `${place.split(':')[0]!} ${section}`;

async function withTimeout<T>(work: Promise<T>, minutes: number, what: string, output = () => ''): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`Timed out after ${minutes} min, waiting until ${what}\n${output()}`));
    }, minutes * 60_000);
  });
  return Promise.race([work, timeout]).finally(() => {
    clearTimeout(timer);
  });
}
