import { exec } from '../../tools/exec.ts';
import { kubectlDrain, kubectlUncordon } from '../../tools/kubectl-disrupt.ts';
import { Failure } from '../../failure.ts';
import type { ChaosEvent } from '../experiment.ts';
import { completeElsewhere } from '../replicas.ts';
import { pickWorker, whyNoWorker } from '../workers.ts';

/** A node is emptied for maintenance, by evictions that the PodDisruptionBudget has to allow. */
export const drain: ChaosEvent = {
  name: 'drain',
  title: 'drain a worker that runs a replica',
  promised: 'lossless',
  skip: whyNoWorker,
  async run(stage, undo) {
    const { context, cluster, watch, wanted } = stage;
    if (cluster === undefined) throw new Failure('There is no node to drain.');
    const worker = await pickWorker(stage);
    const open = undo((calm) => exec(calm, kubectlUncordon(cluster.scope, worker)));
    const struckAt = Date.now();
    await exec(context, kubectlDrain(cluster.scope, worker), { stream: true });
    const backAt = await watch.until('Not all replicas run elsewhere', 180, completeElsewhere(wanted, worker));
    await open();
    return { struckAt, backAt, seen: `evicted from ${worker}, ready elsewhere` };
  },
};
