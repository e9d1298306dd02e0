import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../../failure.ts';
import { measureCapacity, patience } from '../capacity.ts';
import type { Experiment } from '../experiment.ts';
import { complete, type ReplicaWatch } from '../replicas.ts';

/** How many times the requests that the replicas can serve are sent. */
const factor = 4;
const milliseconds = 15_000;

/** Sends more than the replicas can serve. They serve what they can, refuse the rest, and none is mistaken for dead. */
export const overload: Experiment = {
  name: 'overload',
  title: `send ${String(factor)} times the requests that the replicas can serve`,
  expectedImpact: 'refusals only',
  skip: () => undefined,
  async load(chaos) {
    const { requests, rows, perSecond } = await measureCapacity(chaos);
    const rate = factor * perSecond;
    chaos.context.report.line(
      `The replicas can serve ${perSecond.toFixed(1)} requests per second of ${String(rows)} ` +
        `${rows === 1 ? 'row' : 'rows'}. Sending ${rate.toFixed(1)}.`,
    );
    return { ...chaos.load, requests, rate, connections: 'keep-alive', timeout: patience };
  },
  async run({ context: { signal }, watch, wanted }, _, load) {
    const incidents = new Set<string>();
    const unfollow = noteIncidents(watch, incidents);
    await sleep(milliseconds, undefined, { signal }).catch(() => undefined);
    unfollow();
    const { sent, failures, perSecond } = load.report();
    if (incidents.size > 0)
      throw new Failure('Replicas were mistaken for dead, but they were only busy.', { details: [...incidents] });
    const disruptedAt = Date.now();
    const recoveredAt = await watch.until('Not all replicas were ready after the overload', 60, complete(wanted));
    const rate = (count: number): string => (count / Math.max(perSecond.length, 1)).toFixed(1);
    return {
      disruptedAt,
      recoveredAt,
      observed: `served ${rate(sent - failures.length)} of ${rate(sent)} requests per second, without a restart`,
    };
  },
};

/** Notes each replica that restarts or leaves the Service. @returns a function that ends this */
function noteIncidents(watch: ReplicaWatch, incidents: Set<string>): () => void {
  const before = watch.replicas;
  return watch.follow(() => {
    for (const { name, restarts } of before) {
      const now = watch.replicas.find((replica) => replica.name === name);
      if (now === undefined) incidents.add(`${name} was removed.`);
      else if (now.restarts > restarts)
        incidents.add(`${name} was restarted${now.reason === undefined ? '' : ` (${now.reason})`}.`);
      else if (!now.ready) incidents.add(`${name} was not ready, and left the Service.`);
    }
  });
}
