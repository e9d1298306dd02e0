import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../../failure.ts';
import type { Experiment } from '../experiment.ts';
import { complete, completeElsewhere } from '../replicas.ts';
import { pickWorker, whyNoWorker, workers } from '../workers.ts';
import { replaceAll } from './rollout.ts';

/** Freezes a node, and wakes it after its replicas were replaced. */
export const nodeStop: Experiment = {
  name: 'node-stop',
  title: 'freeze a worker that runs a replica',
  expectedImpact: 'keeps serving',
  skip: whyNoWorker,
  async run(chaos, undo) {
    const { context, cluster, nodes, watch, wanted } = chaos;
    if (cluster === undefined || nodes === undefined) throw new Failure('There is no node to freeze.');
    // As after a drain. Freezing the only node would stop all replicas, which shows nothing about the others.
    if (new Set(watch.replicas.map(({ node }) => node)).size === 1) {
      context.report.line('All replicas run on one node: rolling out first, to spread them.');
      await replaceAll(chaos);
    }
    const worker = await pickWorker(chaos);
    const wake = undo((uninterrupted) => nodes.unpause(uninterrupted, worker));
    const disruptedAt = Date.now();
    await nodes.pause(context, worker);
    // 40 to 50 s until Kubernetes considers the node lost, 30 s of toleration, and a start.
    const recoveredAt = await watch.until(
      'Not all replicas were ready on other nodes',
      240,
      completeElsewhere(wanted, worker),
    );
    await wake();
    await watch.until(
      `The old replicas on ${worker} were not removed`,
      180,
      (replicas, leaving) => leaving.length === 0 && complete(wanted)(replicas, leaving),
    );
    while (!(await workers(context, cluster.scope)).includes(worker))
      await sleep(500, undefined, { signal: context.signal });
    if (!complete(wanted)(watch.replicas, watch.leaving))
      throw new Failure(`${worker} is back, but there are no longer ${String(wanted)} ready replicas.`, {
        details: watch.lines,
      });
    return { disruptedAt, recoveredAt, observed: `replaced on other nodes; none left over when ${worker} came back` };
  },
};
