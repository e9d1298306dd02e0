import { Failure, UsageError } from '../failure.ts';
import type { ExecContext } from '../tools/exec.ts';
import { MissingTool } from '../tools/tool.ts';
import { contextNames, type Cluster } from './cluster.ts';
import { contextTarget } from './context.ts';
import { kindTarget, type KindOptions } from './kind.ts';
import { localTarget } from './local.ts';
import { minikubeTarget } from './minikube.ts';
import { containerEngineOf, forgetApplied, readApplied } from '../cluster/applied.ts';
import type { Target } from './target.ts';

/** The target that `--on` names. */
export function targetNamed(context: ExecContext, on: string, options: KindOptions = {}): Target {
  return on === 'local' ? localTarget(context.root) : clusterNamed(context, on, options);
}

/** The same, with the engine that `up` was told to use there. */
export async function targetMade(context: ExecContext, on: string): Promise<Target> {
  return targetNamed(context, on, { engine: await containerEngineOf(context.root, { name: on }) });
}

export function clusterNamed(context: ExecContext, on: string, options: KindOptions = {}): Cluster {
  if (on === 'kind') return kindTarget(context, options);
  if (on === 'minikube') return minikubeTarget(context, options.engine);
  const name = /^context=(.+)$/.exec(on)?.[1];
  if (name !== undefined) return contextTarget(context, name, options.engine);
  throw new UsageError(`--on ${on}: expected local, kind, minikube or context=NAME.`, {
    hint: 'The names of contexts: kubectl config get-contexts --output name',
  });
}

export const isCluster = (target: Target): target is Cluster => 'context' in target;

/**
 * What is up, wherever `up` may have brought it. What cannot be asked stands in the way of nothing that is up.
 * @throws what kubectl says, where nothing is up that answers, and a context does not to which `up` applied something
 */
export async function targetsUp(context: ExecContext): Promise<readonly Target[]> {
  const candidates = await Promise.all(
    [...new Set(['local', 'kind', ...(await known(context))])].map((on) => targetMade(context, on)),
  );
  const asked = await Promise.allSettled(candidates.map((target) => target.isUp()));
  context.signal.throwIfAborted();
  const up = candidates.filter((_, index) => asked[index]?.status === 'fulfilled' && asked[index].value);
  if (up.length > 0) return up;
  for (const [index, answer] of asked.entries()) {
    if (answer.status === 'fulfilled' || answer.reason instanceof MissingTool) continue;
    if (candidates[index]?.name !== 'kind') throw answer.reason;
    // Without a container engine nothing runs there either: worth a line, but `down` has nothing to do.
    context.report.line(`kind cannot be asked. ${String(answer.reason)}`);
  }
  return up;
}

/** What `up` was sent to. A context that kubectl no longer knows is forgotten: nothing can be asked there, or removed. */
async function known(context: ExecContext): Promise<readonly string[]> {
  const names = Object.keys(await readApplied(context.root));
  if (!names.some((on) => on.startsWith('context='))) return names;
  // Where kubectl cannot say, none is forgotten.
  const contexts = await contextNames(context).catch((error: unknown) => {
    if (error instanceof Failure && !context.signal.aborted) return undefined;
    throw error;
  });
  const gone = names.filter(
    (on) => on.startsWith('context=') && contexts?.includes(on.slice('context='.length)) === false,
  );
  for (const on of gone) {
    await forgetApplied(context.root, on);
    context.report.line(`${on} is forgotten: kubectl does not know it any more.`);
  }
  return names.filter((on) => !gone.includes(on));
}

/** The named target, else the only one that is up. @throws Failure where none is, UsageError where several are */
export async function findTarget(context: ExecContext, on: string | undefined): Promise<Target> {
  if (on !== undefined) return targetMade(context, on);
  const [first, ...others] = await targetsUp(context);
  if (first === undefined)
    throw new Failure('Nothing is up.', {
      hint: '`rhizome up` starts the model on this machine, `rhizome up --on kind` on a local cluster.',
    });
  if (others.length > 0) throw several([first, ...others]);
  return first;
}

export function several(targets: readonly Target[]): UsageError {
  const names = targets.map(({ name }) => name);
  return new UsageError(`Several are up: ${names.join(', ')}.`, {
    hint: `Say which: --on ${names.join(' or --on ')}.`,
  });
}
