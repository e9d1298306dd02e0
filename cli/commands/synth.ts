import { Command } from 'commander';
import { createSteps } from '../terminal/steps.ts';
import { synth } from '../project/synth.ts';
import { examples, type CommandContext } from './options.ts';

export function synthCommand(context: CommandContext): Command {
  return new Command('synth')
    .summary('write the Kubernetes manifests')
    .description('write the Kubernetes manifests of every environment, like `cdk8s synth`')
    .option('--json', 'print {"files": [...]}')
    .addHelpText(
      'after',
      examples(
        'rhizome synth',
        'rhizome synth && git diff --exit-code charts-out/',
        'RHIZOME_IMAGE=registry.example/iris-server:v1 rhizome synth',
      ),
    )
    .action(async (options: { json?: boolean }) => {
      const { run } = createSteps(context.report);
      const files = await run('Synthesize the manifests', () => synth(context));
      context.print(options.json === true ? JSON.stringify({ files }) : files.join('\n'));
    });
}
