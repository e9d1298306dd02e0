import { Failure, UsageError } from '../failure.ts';
import type { ExecContext } from '../tools/exec.ts';
import { MissingTool } from '../tools/tool.ts';
import { contextNames, type Cluster } from './cluster.ts';
import { contextTarget } from './kube-context.ts';
import { kindTarget, type KindOptions } from './kind.ts';
import { localTarget } from './local.ts';
import { minikubeTarget } from './minikube.ts';
import { containerEngineOf, forgetApplied, readApplied } from '../cluster/applied.ts';
import type { Target } from './target.ts';

/** The target that `--on` names. */
export function targetNamed(context: ExecContext, on: string, options: KindOptions = {}): Target {
  return on === 'local' ? localTarget(context.root) : clusterNamed(context, on, options);
}

/** The same, with the container engine that `up` used there. */
export async function targetUsed(context: ExecContext, on: string): Promise<Target> {
  return targetNamed(context, on, { engine: await containerEngineOf(context.root, { name: on }) });
}

export function clusterNamed(context: ExecContext, on: string, options: KindOptions = {}): Cluster {
  if (on === 'kind') return kindTarget(context, options);
  if (on === 'minikube') return minikubeTarget(context, options.engine);
  const name = /^context=(.+)$/.exec(on)?.[1];
  if (name !== undefined) return contextTarget(context, name, options.engine);
  throw new UsageError(`--on ${on} is not valid: expected local, kind, minikube or context=NAME.`, {
    hint: 'To list the contexts: kubectl config get-contexts --output name',
  });
}

export const isCluster = (target: Target): target is Cluster => 'context' in target;

/**
 * Returns the targets that are up. A target that does not respond is ignored if others are up.
 * @throws the error of a context that `up` was used on and that does not respond, if nothing else is up
 */
export async function targetsUp(context: ExecContext): Promise<readonly Target[]> {
  const candidates = await Promise.all(
    [...new Set(['local', 'kind', ...(await usedTargets(context))])].map((on) => targetUsed(context, on)),
  );
  const results = await Promise.allSettled(candidates.map((target) => target.isUp()));
  context.signal.throwIfAborted();
  const up = candidates.filter((_, index) => results[index]?.status === 'fulfilled' && results[index].value);
  if (up.length > 0) return up;
  for (const [index, result] of results.entries()) {
    if (result.status === 'fulfilled' || result.reason instanceof MissingTool) continue;
    const target = candidates[index];
    if (target === undefined || !isCluster(target) || !target.isOwn) throw result.reason;
    // Without a container engine the cluster is not running either, so `down` has nothing to do.
    context.report.line(`${target.name} does not respond. ${String(result.reason)}`);
  }
  return up;
}

/** Returns the targets that `up` was used on, and forgets contexts that are no longer in the kubeconfig. */
async function usedTargets(context: ExecContext): Promise<readonly string[]> {
  const names = Object.keys(await readApplied(context.root));
  if (!names.some((on) => on.startsWith('context='))) return names;
  // If kubectl fails, no context is forgotten.
  const contexts = await contextNames(context).catch((error: unknown) => {
    if (error instanceof Failure && !context.signal.aborted) return undefined;
    throw error;
  });
  const gone = names.filter(
    (on) => on.startsWith('context=') && contexts?.includes(on.slice('context='.length)) === false,
  );
  for (const on of gone) {
    await forgetApplied(context.root, on);
    context.report.line(`Forgetting ${on}: kubectl no longer has that context.`);
  }
  return names.filter((on) => !gone.includes(on));
}

/**
 * Returns the named target, or the only one that is up.
 * @throws {Failure} if nothing is up
 * @throws {UsageError} if several targets are up
 */
export async function findTarget(context: ExecContext, on: string | undefined): Promise<Target> {
  if (on !== undefined) return targetUsed(context, on);
  const [first, ...others] = await targetsUp(context);
  if (first === undefined)
    throw new Failure('Nothing is up.', {
      hint: '`rhizome up` starts the model on this machine, `rhizome up --on kind` on a local cluster.',
    });
  if (others.length > 0) throw severalTargetsUp([first, ...others]);
  return first;
}

export function severalTargetsUp(targets: readonly Target[]): UsageError {
  const names = targets.map(({ name }) => name);
  return new UsageError(`Several targets are up: ${names.join(', ')}.`, {
    hint: `Choose one: --on ${names.join(' or --on ')}.`,
  });
}
