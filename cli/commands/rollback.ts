import { Command, InvalidArgumentError } from 'commander';
import { readCanary } from '../canary/admission.ts';
import { endCanary } from '../canary/end-canary.ts';
import { readSnapshot, revisionsOf } from '../cluster/snapshot.ts';
import { scopeOf } from '../cluster/scope.ts';
import { Failure } from '../failure.ts';
import { toJson } from '../json.ts';
import { canaryOf, currentManifests } from '../project/manifests.ts';
import { waitForRollout } from '../steps/wait.ts';
import { findTarget, isCluster } from '../targets/find.ts';
import { createSteps } from '../terminal/steps.ts';
import { exec } from '../tools/exec.ts';
import { kubectlUndo } from '../tools/kubectl-disrupt.ts';
import { examples, onOption, type CommandContext } from './options.ts';

interface RollbackFlags {
  readonly on?: string;
  readonly toRevision?: number;
  readonly json?: boolean;
}

export function rollbackCommand(context: CommandContext): Command {
  return new Command('rollback')
    .summary('return to the previous revision, on a cluster')
    .description(
      'remove the canary; without one, return to the previous revision of the pods, image and settings included, ' +
        'and wait for the replicas',
    )
    .addOption(onOption('the running target'))
    .option(
      '--to-revision <number>',
      'a revision of `kubectl rollout history` (default: the previous one)',
      parseRevision,
    )
    .option('--json', 'print {"target", "revision", "image"}; without a revision if a canary was removed')
    .addHelpText('after', examples('rhizome rollback', 'rhizome rollback --on context=staging --to-revision 3'))
    .action(async ({ on, toRevision, json }: RollbackFlags) => {
      const target = await findTarget(context, on);
      if (!isCluster(target))
        throw new Failure(
          'There is nothing to roll back on this machine: local replicas run the files of this folder.',
          {
            hint: 'Restore the files, for example with Git; `rhizome up --watch` replaces the replicas.',
          },
        );
      const { run } = createSteps(context.report);
      const manifests = currentManifests(context.root, target.environment);
      const scope = scopeOf(target.context, manifests);
      const { deployment } = manifests;
      const canary = toRevision === undefined ? canaryOf(manifests) : undefined;
      if (canary !== undefined && (await readCanary(context, target.context, manifests, canary)) !== undefined) {
        const { image } = await endCanary(context, run, target, 'remove');
        context.print(
          json === true
            ? toJson({ target: target.name, image })
            : `The canary is gone. All requests go to the service, with the image ${image}.\n` +
                'infra/ still describes the canary: remove it there, or the next `rhizome up` starts it again.',
        );
        return;
      }
      const revision = await run('Find the revision', async () => {
        const snapshot = await readSnapshot(context, scope, deployment);
        if (snapshot === undefined) throw new Failure(`There is no Deployment ${deployment} on ${target.name}.`);
        const { current, earlier } = revisionsOf(snapshot);
        const wanted = toRevision ?? earlier.at(-1);
        if (wanted !== undefined && earlier.includes(wanted)) return wanted;
        throw new Failure(
          wanted === undefined
            ? `The Deployment ${deployment} has no earlier revision than ${current}.`
            : `The Deployment ${deployment} has no earlier revision ${wanted}.`,
          {
            hint:
              `Earlier revisions: ${earlier.join(', ') || 'none'}. ` +
              'The prop revisionHistoryLimit sets how many stay.',
          },
        );
      });
      await run('Roll back', () => exec(context, kubectlUndo(scope, deployment, revision), { stream: true }));
      await run('Wait for the replicas', async (skip) => {
        skip(await waitForRollout(context, target.context, manifests));
      });
      const image = (await readSnapshot(context, scope, deployment, { quiet: true }))?.deployment.spec.template.spec
        ?.containers[0]?.image;
      context.print(
        json === true
          ? toJson({ target: target.name, revision, image })
          : `Revision ${revision} runs again, with the image ${image ?? '?'}.\n` +
              'infra/ and models/ still describe what was rolled back: the next `rhizome up` deploys that again.',
      );
    });
}

function parseRevision(value: string): number {
  if (!/^[1-9]\d{0,8}$/.test(value)) throw new InvalidArgumentError('Expected the number of a revision, such as 3.');
  return Number(value);
}
