import { Argument, Command } from 'commander';
import { bashScript } from '../completion/bash.ts';
import { completionsOf } from '../completion/completions.ts';
import { fishScript } from '../completion/fish.ts';
import { zshScript } from '../completion/zsh.ts';
import { examples, withChoices, type CommandContext } from './options.ts';

const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;

export function completionCommand(context: CommandContext): Command {
  return new Command('completion')
    .summary('print a script that completes commands in your shell')
    .description(
      'print a script with which your shell completes commands, flags, their values, models and files, for `rhizome` ' +
        'and `npx rhizome`',
    )
    .addArgument(withChoices(new Argument('<shell>'), Object.keys(scripts)))
    .addHelpText(
      'after',
      examples(
        'source <(npx rhizome completion bash)   # now; in ~/.bashrc: always',
        'source <(npx rhizome completion zsh)    # or in ~/.zshrc',
        'npx rhizome completion fish | source    # or in ~/.config/fish/config.fish',
      ),
    )
    .action((shell: keyof typeof scripts, _, command: Command) => {
      context.print(scripts[shell](completionsOf(command.parent ?? command)).trimEnd());
    });
}
