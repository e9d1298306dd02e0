import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../../failure.ts';
import type { ChaosEvent } from '../experiment.ts';
import { complete, completeElsewhere } from '../replicas.ts';
import { pickWorker, whyNoWorker, workers } from '../workers.ts';
import { replaceAll } from './rollout.ts';

/** A node is gone without a word, and returns when nobody waits for it any more. */
export const nodeStop: ChaosEvent = {
  name: 'node-stop',
  title: 'freeze a worker that runs a replica',
  promised: 'serving',
  skip: whyNoWorker,
  async run(stage, undo) {
    const { context, cluster, nodes, watch, wanted } = stage;
    if (cluster === undefined || nodes === undefined) throw new Failure('There is no node to freeze.');
    // As after a drain: with its only node everything would be gone, which proves nothing of the others.
    if (new Set(watch.replicas.map(({ node }) => node)).size === 1) {
      context.report.line('All replicas run on one node: a rollout spreads them first.');
      await replaceAll(stage);
    }
    const worker = await pickWorker(stage);
    const wake = undo((calm) => nodes.unpause(calm, worker));
    const struckAt = Date.now();
    await nodes.pause(context, worker);
    // 40 to 50 s until Kubernetes gives the node up, 30 s that the replicas tolerate it, and a start.
    const backAt = await watch.until('Not all replicas run elsewhere', 240, completeElsewhere(wanted, worker));
    await wake();
    await watch.until(
      `What ran on ${worker} is not gone`,
      180,
      (replicas, leaving) => leaving.length === 0 && complete(wanted)(replicas, leaving),
    );
    while (!(await workers(context, cluster.scope)).includes(worker))
      await sleep(500, undefined, { signal: context.signal });
    if (!complete(wanted)(watch.replicas, watch.leaving))
      throw new Failure(`${worker} is back, and the replicas are not ${String(wanted)} any more.`, {
        details: watch.lines,
      });
    return { struckAt, backAt, seen: `replaced elsewhere; nothing doubled when ${worker} returned` };
  },
};
