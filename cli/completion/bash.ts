import type { CompletableCommand, Completions, Value } from './completions.ts';

/** Writes a completion script that works in bash 3.2, which macOS has, and later. */
export function bashScript({ commands, flags }: Completions): string {
  const words = [...commands.map(({ name }) => name), ...flags.flatMap(({ names }) => names)];
  return `# Completes rhizome in bash, also after npx. Written by \`rhizome completion bash\`.
_rhizome() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]} at=1 flags= values=
  COMPREPLY=()
  if [[ \${COMP_WORDS[0]} == npx ]]; then
    [[ $COMP_CWORD -gt 1 && \${COMP_WORDS[1]} == rhizome ]] || return 0
    at=2
  fi
  # --flag=value has become three words.
  [[ $before != '=' ]] || before=\${COMP_WORDS[COMP_CWORD - 2]}
  [[ $word != '=' ]] || word=
  if [[ $COMP_CWORD == "$at" ]]; then
    COMPREPLY=($(compgen -W '${words.join(' ')}' -- "$word"))
    return 0
  fi
  case \${COMP_WORDS[at]} in
${commands.map(commandCase).join('\n')}
    *) return 0 ;;
  esac
  [[ $word != -* ]] || values=$flags
  case $values in
    FILE) ;; # readline completes the names of files, if there is nothing else.
    MODEL) COMPREPLY=($(cd models 2> /dev/null && compgen -d -- "$word")) ;;
    *)
      COMPREPLY=($(compgen -W "$values" -- "$word"))
      compopt +o default 2> /dev/null
      ;;
  esac
  return 0
}
complete -o default -F _rhizome rhizome
complete -p npx > /dev/null 2>&1 || complete -o default -F _rhizome npx
`;
}

/** Sets `flags`, and `values`: what may follow the word before. */
function commandCase({ name, flags, arguments: given }: CompletableCommand): string {
  const withValue = flags.flatMap(({ names, value }) => (value === undefined ? [] : [{ names, value }]));
  const all = flags.flatMap(({ names }) => names).join(' ');
  return [
    `    ${name})`,
    `      flags='${all}'`,
    '      case $before in',
    ...withValue.map(({ names, value }) => `        ${names.join(' | ')}) values=${placeholder(value)} ;;`),
    `        *) values=${placeholder(given[0]?.value ?? [])} ;;`,
    '      esac',
    '      ;;',
  ].join('\n');
}

const placeholder = (value: Value): string =>
  typeof value === 'string' ? value.toUpperCase() : `'${value.join(' ')}'`;
