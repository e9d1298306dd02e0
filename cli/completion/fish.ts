import { type CompletableCommand, type CompletableFlag, type Completions, type Value } from './completions.ts';

/** Writes a completion script for fish. */
export function fishScript({ commands, flags }: Completions): string {
  return `# Completes rhizome in fish, also after npx. Written by \`rhizome completion fish\`.
complete --command rhizome --erase
complete --command rhizome --no-files
function __rhizome_models
    for folder in models/*/
        path basename $folder 2> /dev/null; or basename $folder
    end
end
complete --command npx --condition 'test (count (commandline -opc)) -gt 1; and test (commandline -opc)[2] = rhizome' \\
    --no-files --arguments '(complete --do-complete (string replace --regex "^npx +" "" -- (commandline -cp)))'
${flags.map((flag) => flagLine(flag, '__fish_use_subcommand')).join('\n')}
${commands.flatMap(commandLines).join('\n')}
`;
}

function commandLines({ name, description, flags, arguments: given }: CompletableCommand): string[] {
  const seen = `__fish_seen_subcommand_from ${name}`;
  return [
    `${begin('__fish_use_subcommand')} --arguments ${name} --description ${quoteForFish(description)}`,
    ...flags.map((flag) => flagLine(flag, seen)),
    ...given.slice(0, 1).flatMap(({ value }) => {
      const values = valueOptions(value);
      return values === '' ? [] : [`${begin(seen)} ${values}`];
    }),
  ];
}

const begin = (condition: string): string => `complete --command rhizome --condition ${quoteForFish(condition)}`;

function flagLine({ names, description, value }: CompletableFlag, condition: string): string {
  const options = names.map((name) =>
    name.startsWith('--') ? `--long-option ${name.slice(2)}` : `--short-option ${name.slice(1)}`,
  );
  const values =
    value === undefined ? [] : [value === 'file' ? '--require-parameter' : '--exclusive', valueOptions(value)];
  return [begin(condition), ...options, ...values, `--description ${quoteForFish(description)}`]
    .filter((part) => part !== '')
    .join(' ');
}

/** Without one of these, fish completes nothing, since `--no-files` is set for all of rhizome. */
function valueOptions(value: Value): string {
  if (value === 'file') return '--force-files';
  if (value === 'model') return `--arguments '(__rhizome_models)'`;
  return value.length === 0 ? '' : `--arguments ${quoteForFish(value.join(' '))}`;
}

/** Quotes a text for fish, whose single quotes know these two escapes. */
const quoteForFish = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
