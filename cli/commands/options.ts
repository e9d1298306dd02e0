import { InvalidArgumentError, Option } from 'commander';
import { ports } from '../../service/contract/index.ts';
import { containerEngines } from '../tools/container-engine.ts';
import type { ExecContext } from '../tools/exec.ts';

/** What a command gets from `main.ts`. The root is looked for when it is first asked for, so that `--help` works anywhere. */
export interface CommandContext extends ExecContext {
  /** Writes to standard output: what the command was asked for, and nothing else. */
  print(text: string): void;
}

/** Of this machine, where `up` serves unless it is told otherwise. */
export const defaultPort = 8080;
export const defaultGrpcPort = ports.grpc.number;

/** `--on`, checked while the command line is parsed. */
export const onOption = (fallback: string): Option =>
  new Option('--on <target>', `local, kind, minikube or context=NAME (default: ${fallback})`).argParser(
    (value: string) => {
      if (!/^(local|kind|minikube|context=.+)$/.test(value))
        throw new InvalidArgumentError('Expected local, kind, minikube or context=NAME.');
      return value;
    },
  );

/** `--engine`, or RHIZOME_ENGINE in the environment. */
export const engineOption = (): Option =>
  new Option(
    '--engine <name>',
    'what builds the image and runs the nodes of kind (default: docker, unless podman alone is installed)',
  )
    .choices(containerEngines)
    .env('RHIZOME_ENGINE');

/** `--url`, without slashes at its end. */
export const urlOption = (): Option =>
  new Option('--url <url>', 'ask there instead of what is up').argParser((value: string) => {
    if (!/^https?:\/\/[^/]/.test(value) || !URL.canParse(value))
      throw new InvalidArgumentError('Expected a URL, as http://localhost:8080.');
    return value.replace(/\/+$/, '');
  });

/** @returns milliseconds */
export function parseDuration(value: string): number {
  const [, number = '', unit = 's'] = /^(\d+(?:\.\d+)?)(ms|s|m)?$/.exec(value) ?? [];
  const milliseconds = Number(number) * ({ ms: 1, s: 1000, m: 60_000 }[unit] ?? NaN);
  if (number === '' || milliseconds === 0) throw new InvalidArgumentError('Expected a time, as 30s, 500ms or 2m.');
  return milliseconds;
}

/** Requests a second. */
export function parseRate(value: string): number {
  const rate = Number(value);
  if (!/^\d+(\.\d+)?$/.test(value) || rate <= 0 || rate > 100_000)
    throw new InvalidArgumentError('Expected requests a second, above 0 and up to 100000.');
  return rate;
}

export function parsePort(value: string): number {
  const port = Number(value);
  if (!/^\d+$/.test(value) || port < 1 || port > 65535)
    throw new InvalidArgumentError('Expected a number from 1 to 65535.');
  return port;
}

/** For `addHelpText('after', …)`. */
export const examples = (...lines: readonly string[]): string =>
  `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}`;
