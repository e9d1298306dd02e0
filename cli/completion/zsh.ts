import { quote } from '../tools/quote.ts';
import { type CompletableArgument, type CompletableFlag, type Completions, type Value } from './completions.ts';

/** Writes a completion script for zsh, to be evaluated after `compinit` or found in `fpath` as `_rhizome`. */
export function zshScript({ commands, flags }: Completions): string {
  return `#compdef rhizome
# Completes rhizome in zsh, also after npx. Written by \`rhizome completion zsh\`.
_rhizome() {
  local -a commands=(
${commands.map(({ name, description }) => `    ${quote([`${name}:${escape(description)}`])}`).join('\n')}
  )
  if [[ $words[1] == npx ]]; then
    if [[ $words[2] != rhizome ]] || (( CURRENT == 2 )); then
      _default
      return
    fi
    shift words
    (( CURRENT-- ))
  fi
  if (( CURRENT == 2 )); then
    if [[ $PREFIX == -* ]]; then
      _arguments ${flags.map(flagSpec).join(' ')}
    else
      _describe command commands
    fi
    return
  fi
  shift words
  (( CURRENT-- ))
  case $words[1] in
${commands
  .map(({ name, flags: own, arguments: given }) => {
    const specs = [...own.map(flagSpec), ...given.map(argumentSpec)];
    return `    ${name})\n      _arguments \\\n${specs.map((spec) => `        ${spec}`).join(' \\\n')}\n      ;;`;
  })
  .join('\n')}
  esac
}
_rhizome_models() {
  compadd -- models/*(/N:t)
}
if [[ $funcstack[1] == _rhizome ]]; then
  _rhizome "$@"
else
  compdef _rhizome rhizome
  (( $+_comps[npx] )) || compdef _rhizome npx
fi
`;
}

function flagSpec({ names, description, value }: CompletableFlag): string {
  // One spec for each name: a flag may be given once, by any of its names.
  const specs = names.map((name) =>
    quote([
      `(${names.join(' ')})${name}[${escape(description)}]${value === undefined ? '' : `:value:${action(value)}`}`,
    ]),
  );
  return specs.join(' ');
}

const argumentSpec = ({ value, variadic }: CompletableArgument, index: number): string =>
  quote([`${variadic ? '*' : String(index + 1)}:argument:${action(value)}`]);

function action(value: Value): string {
  if (value === 'file') return '_files';
  return value === 'model' ? '_rhizome_models' : `(${value.join(' ')})`;
}

/** Escapes what separates the parts of a spec. */
const escape = (text: string): string => text.replaceAll(/[\\:[\]]/g, '\\$&');
