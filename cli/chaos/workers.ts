import { exec, type ExecContext } from '../tools/exec.ts';
import type { Scope } from '../tools/kubectl.ts';
import { kubectlNodes } from '../tools/kubectl-disrupt.ts';
import { Failure } from '../failure.ts';
import type { List, Node } from '../kubernetes.ts';
import type { Stage } from './chaos-context.ts';

/** The names of the workers: ready, open to any pod, and not the control plane. */
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

/** Why no worker can be done without. */
export async function whyNoWorker({ context, cluster, nodes }: Stage): Promise<string | undefined> {
  if (cluster === undefined) return 'this machine is the only node';
  if (nodes === undefined) return 'the nodes of this cluster are not ours';
  const count = (await workers(context, cluster.scope)).length;
  return count < 2
    ? `the replicas need another worker to go to, and there ${count === 1 ? 'is one' : 'are none'}`
    : undefined;
}

/** A worker that runs a replica: that whose replica was restarted most often, since the next one starts anew. */
export async function pickWorker({ context, cluster, watch }: Stage): Promise<string> {
  const known = cluster === undefined ? [] : await workers(context, cluster.scope);
  const [replica] = watch.replicas
    .filter(({ node }) => node !== undefined && known.includes(node))
    .toSorted((one, other) => other.restarts - one.restarts);
  if (replica?.node === undefined) throw new Failure('No worker runs a replica.', { details: watch.lines });
  return replica.node;
}
