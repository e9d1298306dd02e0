import { pickVictim, type ChaosEvent } from '../experiment.ts';
import { complete } from '../replicas.ts';
import type { Stage } from '../chaos-context.ts';
import { exhaustMemory } from './oom.ts';

/** One replica crashes again and again; the others serve, and it comes back once it no longer does. */
export const crashloop: ChaosEvent = {
  name: 'crashloop',
  title: 'kill a replica again and again, until Kubernetes lets it wait',
  // A second attempt may meet the next crash.
  promised: 'serving',
  skip: ({ cluster }) =>
    cluster === undefined ? 'the back-off of this machine is as that of Kubernetes, and tested there' : undefined,
  async run(stage) {
    const { watch, wanted } = stage;
    const { name } = pickVictim(stage);
    const now = () => watch.replicas.find((replica) => replica.name === name);
    const waits = (): boolean => now()?.reason === 'CrashLoopBackOff';
    let struckAt = NaN;
    let kills = 0;
    for (; !waits(); kills++) {
      struckAt = await crash(stage, name);
      const before = now()?.restarts ?? 0;
      await watch.until(
        `${name} neither waits nor is back`,
        120,
        (replicas) =>
          waits() || replicas.some((replica) => replica.name === name && replica.ready && replica.restarts > before),
      );
    }
    // Five minutes are the longest that it is made to wait.
    const backAt = await watch.until(`${name} is not back`, 360, complete(wanted));
    return { struckAt, backAt, seen: `CrashLoopBackOff after ${String(kills)} kills, then restarted` };
  },
};

/** On nodes that are not ours no signal reaches the process, and without its pod there is nothing to back off: by memory. */
async function crash(stage: Stage, name: string): Promise<number> {
  const [victim] = stage.watch.replicas.filter((replica) => replica.name === name);
  if (victim === undefined) return Date.now();
  return stage.nodes === undefined ? exhaustMemory(stage, victim) : stage.kill(victim);
}
