import type { ExecaError } from 'execa';
import { delimiter, join } from 'node:path';
import { Failure } from '../failure.ts';
import type { Reporter } from '../terminal/reporter.ts';
import type { Walkthrough } from '../terminal/walkthrough.ts';
import { showMeasured, type Measure } from './measure.ts';
import { quote } from './quote.ts';
import { MissingTool } from './tool.ts';

/** Where commands run, how they are printed, and what stops them. */
export interface ExecContext {
  /** The project's folder. */
  readonly root: string;
  readonly report: Reporter;
  /** Aborted by Ctrl-C; stops the running command. */
  readonly signal: AbortSignal;
  /** Pauses after a command was printed, before it runs. @default none: it runs at once */
  readonly walkthrough?: Walkthrough | undefined;
}

export interface ExecOptions {
  /** Don't print the command: for queries that a step repeats. @default false */
  readonly quiet?: boolean;
  /** Show the output as it arrives: the last line on a terminal, otherwise every line. @default false */
  readonly stream?: boolean;
  /** Reads from each line of the output how much of the command is done, from 0 to 1; undefined if it says nothing. */
  readonly share?: (line: string) => number | undefined;
  /** Measures how much of the command is done, while it runs, if the output does not say it. */
  readonly measure?: Measure;
  /** Called with each line of standard output and standard error, instead of returning standard output. */
  readonly onLine?: (line: string) => void;
  /** Variables to add to the environment. They are printed before the command. */
  readonly env?: Readonly<Record<string, string>>;
  /** Run `argv[0]` as a shell command, and print this instead of it. */
  readonly shell?: { readonly printed: string };
  /** Timeout in milliseconds. @default none */
  readonly timeout?: number;
  /** What to do if it fails. */
  readonly hint?: string;
}

/** A command failed. The message contains the command, `details` its last output. */
export class CommandFailed extends Failure {
  override readonly name = 'CommandFailed';
  readonly command: string;
  /** Undefined if a signal ended it. */
  readonly code: number | undefined;

  constructor(command: string, cause: ExecaError, lastLines: readonly string[], hint: string | undefined) {
    const how = cause.timedOut
      ? 'timeout'
      : cause.exitCode === undefined
        ? `ended by ${cause.signal ?? cause.shortMessage}`
        : `exit code ${String(cause.exitCode)}`;
    super(`This command failed (${how}): ${command}`, {
      details: lastLines,
      cause,
      ...(hint !== undefined && { hint }),
    });
    this.command = command;
    this.code = cause.exitCode;
  }
}

/** Reporters that have printed the folder in which the commands run. */
const placed = new WeakSet<Reporter>();

/**
 * Prints and runs one command, and returns its standard output without the last line break.
 * @throws CommandFailed, MissingTool where the program is not installed, and the signal's reason once it is aborted
 */
export async function exec(context: ExecContext, argv: readonly string[], options: ExecOptions = {}): Promise<string> {
  const { report, root, signal } = context;
  const [file = '', ...args] = argv;
  const assignments = Object.entries(options.env ?? {}).map(([name, value]) => `${name}=${quote([value])}`);
  const printed = [...assignments, options.shell?.printed ?? quote(argv)].join(' ');
  signal.throwIfAborted();
  if (options.quiet !== true) {
    if (root !== process.cwd() && !placed.has(report)) report.command(quote(['cd', root]));
    placed.add(report);
    report.command(printed);
    await context.walkthrough?.pause();
  }

  // Loaded with the first command, so that `rhizome --help` and `status` start faster.
  const { execa, ExecaError } = await import('execa');
  const child = execa(file, args, {
    cwd: root,
    // The project's own tools, such as its pinned Node.js, take precedence over the machine's.
    env: { ...options.env, PATH: [join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter) },
    shell: options.shell !== undefined,
    stdin: 'ignore',
    all: true,
    buffer: { stdout: options.onLine === undefined, stderr: false, all: false },
    cancelSignal: signal,
    forceKillAfterDelay: 3000,
    ...(options.timeout !== undefined && { timeout: options.timeout }),
  });
  const lastLines: string[] = [];
  const readLines = async (): Promise<void> => {
    for await (const line of child.iterable({ from: 'all' })) {
      if (line.trim() === '') continue;
      lastLines.splice(0, lastLines.length - 19);
      lastLines.push(line);
      options.onLine?.(line);
      const share = options.share?.(line);
      if (share !== undefined) report.share(share);
      if (options.stream === true) report.progress([line]);
    }
  };
  const ended = new AbortController();
  if (options.measure !== undefined && child.pid !== undefined)
    void showMeasured(report, child.pid, options.measure, ended.signal);
  try {
    const [result] = await Promise.all([child, readLines()]);
    return typeof result.stdout === 'string' ? result.stdout : '';
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof ExecaError)) throw error;
    if (error.code === 'ENOENT') throw new MissingTool(file, error);
    throw new CommandFailed(printed, error as ExecaError, lastLines, options.hint);
  } finally {
    ended.abort();
    if (options.measure !== undefined) report.share(undefined);
  }
}
