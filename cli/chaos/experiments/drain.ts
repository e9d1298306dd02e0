import { exec } from '../../tools/exec.ts';
import { kubectlDrain, kubectlUncordon } from '../../tools/kubectl-disrupt.ts';
import { Failure } from '../../failure.ts';
import type { Experiment } from '../experiment.ts';
import { completeElsewhere } from '../replicas.ts';
import { pickWorker, whyNoWorker } from '../workers.ts';

/** Drains a node, as for maintenance, by evictions that the PodDisruptionBudget must allow. */
export const drain: Experiment = {
  name: 'drain',
  title: 'drain a worker that runs a replica',
  expectedImpact: 'no failures',
  skip: whyNoWorker,
  async run(chaos, undo) {
    const { context, cluster, watch, wanted } = chaos;
    if (cluster === undefined) throw new Failure('There is no node to drain.');
    const worker = await pickWorker(chaos);
    const uncordon = undo((uninterrupted) => exec(uninterrupted, kubectlUncordon(cluster.scope, worker)));
    const disruptedAt = Date.now();
    await exec(context, kubectlDrain(cluster.scope, worker), { stream: true });
    const recoveredAt = await watch.until(
      'Not all replicas were ready on other nodes',
      180,
      completeElsewhere(wanted, worker),
    );
    await uncordon();
    return { disruptedAt, recoveredAt, observed: `evicted from ${worker}, ready on other nodes` };
  },
};
