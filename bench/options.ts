import { parseArgs } from 'node:util';
import type { Measurement } from './measurements/measurement.ts';

export interface Options {
  readonly check: boolean;
  readonly quick: boolean;
  readonly selected: readonly Measurement[];
  readonly rounds: number;
  readonly seconds: number;
  readonly soakMinutes: number;
  /** Where the results go. Undefined prints them only: a part of a run must not replace a complete one. */
  readonly output: string | undefined;
}

export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Parses the command line. @throws {UsageError} if it is invalid */
export function parseOptions(args: readonly string[], all: readonly Measurement[], results: string): Options | 'help' {
  const { values } = parse(args);
  if (values.help) return 'help';
  const names = values.only?.flatMap((list) => list.split(',')) ?? all.map(({ name }) => name);
  const unknown = names.filter((name) => !all.some((measurement) => measurement.name === name));
  if (unknown.length > 0)
    throw new UsageError(`--only ${unknown.join(',')} is not a measurement; expected ${listNames(all)}.`);
  const complete = values.only === undefined && !values.quick;
  return {
    check: values.check,
    quick: values.quick,
    selected: all.filter(({ name }) => names.includes(name)),
    rounds: positive('rounds', values.rounds) ?? (values.quick ? 2 : 3),
    seconds: positive('seconds', values.seconds) ?? (values.quick ? 1 : 2),
    soakMinutes: positive('soak', values.soak) ?? 10,
    output: values.output ?? (complete ? results : undefined),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        check: { type: 'boolean', default: false },
        quick: { type: 'boolean', default: false },
        only: { type: 'string', multiple: true },
        rounds: { type: 'string' },
        seconds: { type: 'string' },
        soak: { type: 'string' },
        output: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function positive(flag: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^[1-9]\d*$/.test(value)) throw new UsageError(`--${flag} is "${value}": expected a whole number from 1.`);
  return Number(value);
}

const listNames = (all: readonly Measurement[]): string => all.map(({ name }) => name).join(', ');

/** Returns the text of `--help`. */
export function help(all: readonly Measurement[]): string {
  const width = Math.max(...all.map(({ name }) => name.length));
  return [
    'Usage: npm run bench -- [options]',
    '',
    'Measures the service against bare Node, naive code, older versions and other servers, in one interleaved run.',
    '',
    '  --check         print whether each line of bench/lines/ holds, and exit with 1 if one does not',
    '  --quick         fewer rounds and shorter loads: under five minutes',
    '  --only NAMES    measure only these, separated by commas',
    '  --rounds N      how often to measure everything (default: 3; with --quick 2)',
    '  --seconds N     how long each load lasts (default: 2; with --quick 1)',
    '  --soak MINUTES  how long to observe memory under load (default: 10; with --quick 20 seconds)',
    '  --output FOLDER write results there (default: bench/results for a complete run; otherwise print only)',
    '',
    'Measurements:',
    ...all.map(({ name, what }) => `  ${name.padEnd(width)}  ${what}`),
    '',
  ].join('\n');
}
