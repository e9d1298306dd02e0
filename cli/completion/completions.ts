import type { Argument, Command, Option } from 'commander';

/** What may follow on the command line: one of some words, a file, or a model of the project. */
export type Value = readonly string[] | 'file' | 'model';

export interface CompletableFlag {
  /** Such as `-f` and `--follow`. */
  readonly names: readonly string[];
  readonly description: string;
  /** Undefined if the flag takes no value. */
  readonly value?: Value;
}

export interface CompletableArgument {
  readonly value: Value;
  readonly variadic: boolean;
}

export interface CompletableCommand {
  readonly name: string;
  readonly description: string;
  readonly flags: readonly CompletableFlag[];
  readonly arguments: readonly CompletableArgument[];
}

/** What a shell can complete: the commands, and the flags of `rhizome` itself. */
export interface Completions {
  readonly commands: readonly CompletableCommand[];
  readonly flags: readonly CompletableFlag[];
}

/** Reads from the command line what a shell can complete. */
export function completionsOf(program: Command): Completions {
  const { visibleCommands, flagsOf } = readers(program);
  const commands = visibleCommands.map((command) => ({
    name: command.name(),
    description: shortened(command.summary() || command.description()),
    flags: flagsOf(command),
    arguments: command.registeredArguments.map((argument) => ({
      value: command.name() === 'help' ? visibleCommands.map((each) => each.name()) : valueOf(argument),
      variadic: argument.variadic,
    })),
  }));
  return { commands, flags: flagsOf(program) };
}

function readers(program: Command) {
  const help = program.createHelp();
  const flag = (option: Option): CompletableFlag => ({
    names: [option.short, option.long].filter((name) => name !== undefined),
    description: shortened(option.description),
    ...((option.required || option.optional) && { value: valueOf(option) }),
  });
  return {
    // With commander's own command `help` and option `--help`.
    visibleCommands: help.visibleCommands(program),
    flagsOf: (command: Command) => help.visibleOptions(command).map(flag),
  };
}

/** Values that are not listed have the name of what they are: `<file>`, `[model]`, `<number>`. */
function valueOf(of: Argument | Option): Value {
  if (of.argChoices !== undefined) return of.argChoices;
  const name = 'flags' in of ? (/[<[]([\w-]+)/.exec(of.flags)?.[1] ?? '') : of.name();
  return name === 'model' ? 'model' : ['file', 'folder', 'image'].includes(name) ? 'file' : [];
}

/** Shells show one line: details are for `--help`. */
function shortened(description: string): string {
  const short = description.replace(/\[?\{.*/s, 'JSON').replace(/ \(.*|;.*/s, '');
  return short.length <= mostCharacters ? short : `${short.slice(0, mostCharacters).replace(/[^\w]*\s\S*$/, '')}…`;
}

const mostCharacters = 70;
