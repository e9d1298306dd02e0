import { InvalidArgumentError, Option, type Argument } from 'commander';
import { styleText } from 'node:util';
import { closestName } from '../../onnx/signature/closest-name.ts';
import type { Size } from '../../onnx/signature/image.ts';
import { ports } from '../../service/contract/index.ts';
import { containerEngines } from '../tools/container-engine.ts';
import type { ExecContext } from '../tools/exec.ts';

/** What `main.ts` passes to a command. The root is found when it is first read, so `--help` works in any folder. */
export interface CommandContext extends ExecContext {
  /** Writes the result of the command to standard output. */
  print(text: string): void;
}

/** Ports of this machine that `up` uses by default. */
export const defaultPort = 8080;
export const defaultGrpcPort = ports.grpc.number;

/** Creates `--on`. The target is checked while the command line is parsed. */
export const onOption = (fallback: string): Option =>
  new Option('--on <target>', `where it runs: one of the choices, or context=NAME (default: ${fallback})`)
    .choices(targets)
    .argParser((value: string) => {
      if (!targets.includes(value) && !/^context=./.test(value))
        throw new InvalidArgumentError(`Expected ${targets.join(', ')} or context=NAME.${meant(value, targets)}`);
      return value;
    });

const targets: readonly string[] = ['local', 'kind', 'minikube'];

/** Limits an argument or an option to some values. Unlike commander's own `choices`, it suggests one of them. */
export function withChoices<Of extends Argument | Option>(of: Of, choices: readonly string[]): Of {
  of.choices(choices).argParser((value: string, previous?: unknown) => {
    if (!choices.includes(value))
      throw new InvalidArgumentError(`Allowed choices are ${choices.join(', ')}.${meant(value, choices)}`);
    if (!of.variadic) return value;
    return [...(Array.isArray(previous) ? (previous as readonly unknown[]) : []), value];
  });
  return of;
}

/** Returns a suggestion in commander's words, or nothing. */
function meant(value: string, choices: readonly string[]): string {
  const near = closestName(value, choices);
  return near === undefined ? '' : `\n(Did you mean ${near}?)`;
}

/** Creates `--engine`, which RHIZOME_ENGINE in the environment sets too. */
export const engineOption = (): Option =>
  withChoices(
    new Option(
      '--engine <name>',
      'container engine that builds the image and runs kind (default: docker; podman if only that is installed)',
    ),
    containerEngines,
  ).env('RHIZOME_ENGINE');

/** Creates `--url`, without trailing slashes. */
export const urlOption = (): Option =>
  new Option('--url <url>', 'service to use instead of the running target').argParser((value: string) => {
    if (!/^https?:\/\/[^/]/.test(value) || !URL.canParse(value))
      throw new InvalidArgumentError('Expected a URL, such as http://localhost:8080.');
    return value.replace(/\/+$/, '');
  });

/** Parses `30s`, `500ms` or `2m`. @returns milliseconds */
export function parseDuration(value: string): number {
  const [, number = '', unit = 's'] = /^(\d+(?:\.\d+)?)(ms|s|m)?$/.exec(value) ?? [];
  const milliseconds = Number(number) * ({ ms: 1, s: 1000, m: 60_000 }[unit] ?? NaN);
  if (number === '' || milliseconds === 0) throw new InvalidArgumentError('Expected a time, such as 30s, 500ms or 2m.');
  return milliseconds;
}

/** Parses `224` or `224x320`, which is height by width. */
export function parseSize(value: string): Size {
  const [, height = '', width = height] = /^(\d{1,4})(?:x(\d{1,4}))?$/.exec(value) ?? [];
  if (Number(height) === 0 || Number(width) === 0)
    throw new InvalidArgumentError('Expected a number of pixels, such as 224, or HEIGHTxWIDTH.');
  return [Number(height), Number(width)];
}

/** Parses requests per second. */
export function parseRate(value: string): number {
  const rate = Number(value);
  if (!/^\d+(\.\d+)?$/.test(value) || rate <= 0 || rate > 100_000)
    throw new InvalidArgumentError('Expected requests per second: more than 0, at most 100000.');
  return rate;
}

/** Parses `1%` or `0.01`. */
export function parseShare(value: string): number {
  const [, number = '', sign] = /^(\d+(?:\.\d+)?(?:e-\d+)?)(%)?$/.exec(value) ?? [];
  const share = number === '' ? NaN : Number(number) / (sign === undefined ? 1 : 100);
  if (!(share <= 1)) throw new InvalidArgumentError('Expected a share, such as 1% or 0.01.');
  return share;
}

/** Parses the name of an environment, which is also that of a file. */
export function parseEnvironment(value: string): string {
  if (!/^[\w.-]+$/.test(value) || value.startsWith('.'))
    throw new InvalidArgumentError('Expected the name of an environment, such as production.');
  return value;
}

export function parsePort(value: string): number {
  const port = Number(value);
  if (!/^\d+$/.test(value) || port < 1 || port > 65535)
    throw new InvalidArgumentError('Expected a number from 1 to 65535.');
  return port;
}

/** Styles a title in a help text. commander removes the style where the output has no colours. */
export const bold = (title: string): string => styleText('bold', title, { validateStream: false });

/** Formats examples for `addHelpText('after', …)`. */
export const examples = (...lines: readonly string[]): string =>
  `\n${bold('Examples:')}\n${lines.map((line) => `  $ ${line}`).join('\n')}`;
