import { InvalidArgumentError, Option } from 'commander';
import { engines } from '../tools/engine.ts';
import type { ExecContext } from '../tools/exec.ts';

/** What a command gets from `main.ts`. The root is looked for when it is first asked for, so that `--help` works anywhere. */
export interface CommandContext extends ExecContext {
  /** Writes to standard output: what the command was asked for, and nothing else. */
  print(text: string): void;
}

/** `--on`, checked while the command line is parsed. */
export const onOption = (fallback: string): Option =>
  new Option('--on <target>', `local, kind, minikube or context=NAME (default: ${fallback})`).argParser((value: string) => {
    if (!/^(local|kind|minikube|context=.+)$/.test(value)) throw new InvalidArgumentError('Expected local, kind, minikube or context=NAME.');
    return value;
  });

/** `--engine`, or RHIZOME_ENGINE in the environment. */
export const engineOption = (): Option =>
  new Option('--engine <name>', 'what builds the image and runs the nodes of kind (default: docker, unless podman alone is installed)').choices(engines).env('RHIZOME_ENGINE');

export function parsePort(value: string): number {
  const port = Number(value);
  if (!/^\d+$/.test(value) || port < 1 || port > 65535) throw new InvalidArgumentError('Expected a number from 1 to 65535.');
  return port;
}

/** For `addHelpText('after', …)`. */
export const examples = (...lines: readonly string[]): string => `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}`;
