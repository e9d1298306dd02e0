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

/** The same, with the container engine and the environment that `up` used there. */
export async function targetUsed(context: ExecContext, on: string): Promise<Target> {
  const { environment } = (await readApplied(context.root))[on] ?? {};
  const engine = await containerEngineOf(context.root, { name: on });
  return targetNamed(context, on, { engine, ...(environment !== undefined && { environment }) });
}

export function clusterNamed(context: ExecContext, on: string, options: KindOptions = {}): Cluster {
  if (on === 'kind') return kindTarget(context, options);
  if (on === 'minikube') return minikubeTarget(context, options.engine, options.environment);
  const name = /^context=(.+)$/.exec(on)?.[1];
  if (name !== undefined) return contextTarget(context, name, options.engine, options.environment);
  throw new UsageError(`--on ${on} is not valid: expected local, kind, minikube or context=NAME.`, {
    hint: 'To list the contexts: kubectl config get-contexts --output name',
  });
}

export const isCluster = (target: Target): target is Cluster => 'context' in target;

/** A target that cannot say whether something is up on it, although `up` was used on it. */
export interface UnknownTarget {
  readonly target: Target;
  readonly reason: Failure;
}

/** What runs for a project, as far as it can be determined. */
export interface TargetsFound {
  readonly up: readonly Target[];
  readonly unknown: readonly UnknownTarget[];
}

/**
 * Returns the targets that are up, and those that may be: `up` was used on them and they do not respond, or a program
 * that they need is missing. kind is queried even if `up` was not used on it; if that fails, it is ignored.
 */
export async function targetsUp(context: ExecContext): Promise<TargetsFound> {
  const used = await usedTargets(context);
  const names = [...new Set(['local', 'kind', ...used])];
  const candidates = await Promise.all(names.map((on) => targetUsed(context, on)));
  const results = await Promise.allSettled(candidates.map((target) => target.isUp()));
  context.signal.throwIfAborted();
  const up = candidates.filter((_, index) => results[index]?.status === 'fulfilled' && results[index].value);
  const unknown: UnknownTarget[] = [];
  for (const [index, target] of candidates.entries()) {
    const result = results[index];
    if (result?.status !== 'rejected') continue;
    const reason: unknown = result.reason;
    if (!(reason instanceof Failure) || !isCluster(target)) throw reason;
    if (used.includes(target.name)) unknown.push({ target, reason });
    else if (!(reason instanceof MissingTool))
      context.report.line(`Ignoring ${target.name}, which \`up\` was not used on: ${reason.message}`);
  }
  return { up, unknown };
}

/** Returns the error for targets that may be up: what is missing, and what to do. */
export function cannotDetermine([first, ...others]: readonly [UnknownTarget, ...UnknownTarget[]]): Failure {
  const { target, reason } = first;
  const more = others.map((other) => `${describeUnknown(other)}.`);
  const hint = reason instanceof MissingTool ? `Put \`${reason.tool}\` on the PATH` : reason.hint;
  return new Failure(describeUnknown(first), {
    details: [...reason.details, ...more],
    hint:
      `${hint === undefined ? '' : `${hint.replace(/\.$/, '')}. `}Then run the same command again. ` +
      `\`up --on ${target.name}\` was used in this project; if what it started no longer exists, delete ` +
      '.rhizome/applied.json.',
    cause: reason,
  });
}

/** Returns what cannot be determined, in one line. */
export const describeUnknown = ({ target, reason }: UnknownTarget): string =>
  `Cannot determine what is running on ${target.name}: ${reason.message}`;

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
 * @throws {Failure} if nothing is up, or what is up cannot be determined
 * @throws {UsageError} if several targets are up
 */
export async function findTarget(context: ExecContext, on: string | undefined): Promise<Target> {
  if (on !== undefined) return targetUsed(context, on);
  const { up, unknown } = await targetsUp(context);
  const [first, ...others] = up;
  if (first === undefined) {
    const [missing, ...more] = unknown;
    if (missing !== undefined) throw cannotDetermine([missing, ...more]);
    throw new Failure('Nothing is up.', {
      hint: '`rhizome up` starts the models on this machine, `rhizome up --on kind` on a local cluster.',
    });
  }
  if (others.length > 0) throw severalTargetsUp([first, ...others]);
  for (const each of unknown) context.report.line(describeUnknown(each));
  return first;
}

export function severalTargetsUp(targets: readonly Target[]): UsageError {
  const names = targets.map(({ name }) => name);
  return new UsageError(`Several targets are up: ${names.join(', ')}.`, {
    hint: `Choose one: --on ${names.join(' or --on ')}.`,
  });
}
