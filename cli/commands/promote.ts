import { Command } from 'commander';
import { getsRequests, readCanary } from '../canary/admission.ts';
import { checkUnchanged, endCanary } from '../canary/end-canary.ts';
import { waitForRollout } from '../steps/wait.ts';
import { Failure } from '../failure.ts';
import { toJson } from '../json.ts';
import { canaryOf, currentManifests, ofVariant } from '../project/manifests.ts';
import { findTarget, isCluster } from '../targets/find.ts';
import { createSteps } from '../terminal/steps.ts';
import { examples, onOption, type CommandContext } from './options.ts';

export function promoteCommand(context: CommandContext): Command {
  return new Command('promote')
    .summary('give the service what its canary has, on a cluster')
    .description('replace the pods of the service with pods like those of its canary, then remove the canary')
    .addOption(onOption('the running target'))
    .option('--json', 'print {"target", "image"}')
    .addHelpText('after', examples('rhizome promote', 'rhizome promote --on context=staging'))
    .action(async ({ on, json }: { readonly on?: string; readonly json?: boolean }) => {
      const target = await findTarget(context, on);
      if (!isCluster(target))
        throw new Failure('There is no canary on this machine: the local runtime runs the service alone.', {
          hint: 'Name a cluster: rhizome promote --on kind',
        });
      const { run } = createSteps(context.report);
      const manifests = currentManifests(context.root, target.environment);
      const live = await run('Find the canary', async () => {
        const canary = canaryOf(manifests);
        const found = canary && (await readCanary(context, target.context, manifests, canary));
        if (canary === undefined || found === undefined)
          throw new Failure(`${target.name} runs no canary of ${manifests.deployment}.`, {
            hint: 'Add `rollout: { canary: { … } }` to the environment in infra/environments.ts, and run `rhizome up`.',
          });
        if (canary.percent === 0 || !getsRequests(found))
          throw new Failure('The canary gets no requests: nothing shows yet that it works.', {
            hint: 'Run `rhizome up`, which compares it with the service and gives it its share.',
          });
        // A canary that crashes would be rolled out to all pods.
        await waitForRollout(context, target.context, ofVariant(manifests, canary));
        return found;
      });
      await run('Compare the canary with infra/', () => checkUnchanged(context, target, live));
      const { image } = await endCanary(context, run, target, 'promote');
      context.print(
        json === true
          ? toJson({ target: target.name, image })
          : `The service runs what its canary had, with the image ${image}.\n` +
              'infra/environments.ts still has the canary. Move its values to the environment itself and remove\n' +
              '`rollout.canary`, or the next `rhizome up` returns to before:\n' +
              (image === manifests.image ? '' : `  - image: '${manifests.image}'\n  + image: '${image}'\n`) +
              '  - rollout: { canary: { … } }',
      );
    });
}
