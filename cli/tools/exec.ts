import type { ExecaError } from 'execa';
import { delimiter, join } from 'node:path';
import { Failure } from '../failure.ts';
import type { Reporter } from '../terminal/reporter.ts';
import { quote } from './quote.ts';
import { MissingTool } from './tool.ts';

/** Where commands run, how they are shown, and what ends them. */
export interface ExecContext {
  /** The project's folder. */
  readonly root: string;
  readonly report: Reporter;
  /** Aborted by Ctrl-C; ends the command that runs. */
  readonly signal: AbortSignal;
}

export interface ExecOptions {
  /** Not printed: for questions that a step asks again and again. */
  readonly quiet?: boolean;
  /** Shows the output as it comes: the last line on a terminal, every line without one. For what takes long. */
  readonly stream?: boolean;
  /** Called with each line of either output as it comes, instead of returning standard output. */
  readonly onLine?: (line: string) => void;
  /** Added to the environment, and printed before the command. */
  readonly env?: Readonly<Record<string, string>>;
  /** `argv[0]` is a line for the shell, and this is what is printed for it. */
  readonly shell?: { readonly shown: string };
  /** Ends the command after so many milliseconds, as a failure. @default it may take its time */
  readonly timeout?: number;
  /** What to do if it fails. */
  readonly hint?: string;
}

/** A command ended with another exit code than 0. The message holds the command, `details` its last output. */
export class CommandFailed extends Failure {
  override readonly name = 'CommandFailed';
  readonly command: string;
  /** Undefined where a signal ended it. */
  readonly code: number | undefined;

  constructor(command: string, cause: ExecaError, lastLines: readonly string[], hint: string | undefined) {
    const how = cause.timedOut
      ? 'no answer in time'
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

/** Those that have said where the commands run. */
const placed = new WeakSet<Reporter>();

/**
 * Prints and runs one command, and returns its standard output without the last line break.
 * @throws CommandFailed, MissingTool where the program is not installed, and the signal's reason once it is aborted
 */
export async function exec(context: ExecContext, argv: readonly string[], options: ExecOptions = {}): Promise<string> {
  const { report, root, signal } = context;
  const [file = '', ...args] = argv;
  const assignments = Object.entries(options.env ?? {}).map(([name, value]) => `${name}=${quote([value])}`);
  const shown = [...assignments, options.shell?.shown ?? quote(argv)].join(' ');
  signal.throwIfAborted();
  if (options.quiet !== true) {
    if (root !== process.cwd() && !placed.has(report)) report.command(quote(['cd', root]));
    placed.add(report);
    report.command(shown);
  }

  // Loaded with the first command: `rhizome --help` and `status` answer sooner.
  const { execa, ExecaError } = await import('execa');
  const child = execa(file, args, {
    cwd: root,
    // The project's own tools, the pinned Node first of all, come before the machine's.
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
      if (options.stream === true) report.progress([line]);
    }
  };
  try {
    const [result] = await Promise.all([child, readLines()]);
    return typeof result.stdout === 'string' ? result.stdout : '';
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof ExecaError)) throw error;
    if (error.code === 'ENOENT') throw new MissingTool(file, error);
    throw new CommandFailed(shown, error as ExecaError, lastLines, options.hint);
  }
}
