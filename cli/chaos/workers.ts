import { exec, type ExecContext } from '../tools/exec.ts';
import type { Scope } from '../tools/kubectl.ts';
import { kubectlNodes } from '../tools/kubectl-disrupt.ts';
import { Failure } from '../failure.ts';
import type { List, Node } from '../kubernetes.ts';
import type { ChaosContext } from './chaos-context.ts';

/** Returns the names of the workers that are ready and accept any pod, without the control plane. */
export async function workers(context: ExecContext, scope: Scope): Promise<readonly string[]> {
  const { items } = JSON.parse(
    await exec(context, kubectlNodes(scope), { quiet: true, timeout: 20_000 }),
  ) as List<Node>;
  return items
    .filter(
      ({ metadata, spec, status }) =>
        metadata.labels?.['node-role.kubernetes.io/control-plane'] === undefined &&
        spec.unschedulable !== true &&
        !(spec.taints ?? []).some(({ effect }) => effect !== 'PreferNoSchedule') &&
        (status.conditions ?? []).some((condition) => condition.type === 'Ready' && condition.status === 'True'),
    )
    .map(({ metadata }) => metadata.name);
}

/** Returns why no worker can be taken away; undefined if one can. */
export async function whyNoWorker({ context, cluster, nodes }: ChaosContext): Promise<string | undefined> {
  if (cluster === undefined) return 'this machine is the only node';
  if (nodes === undefined) return 'Rhizome does not control the nodes of this cluster';
  const count = (await workers(context, cluster.scope)).length;
  return count < 2
    ? `the replicas need a second worker to move to, and there ${count === 1 ? 'is one' : 'are none'}`
    : undefined;
}

/** Picks a worker that runs a replica: the one with the most restarts, since its replacement starts at zero. */
export async function pickWorker({ context, cluster, watch }: ChaosContext): Promise<string> {
  const known = cluster === undefined ? [] : await workers(context, cluster.scope);
  const [replica] = watch.replicas
    .filter(({ node }) => node !== undefined && known.includes(node))
    .toSorted((one, other) => other.restarts - one.restarts);
  if (replica?.node === undefined) throw new Failure('No worker runs a replica.', { details: watch.lines });
  return replica.node;
}
