import { pickVictim, type Experiment } from '../experiment.ts';
import { complete } from '../replicas.ts';
import type { ChaosContext } from '../chaos-context.ts';
import { exhaustMemory } from './oom.ts';

/** Kills one replica again and again. The others keep serving, and it comes back when the kills stop. */
export const crashloop: Experiment = {
  name: 'crashloop',
  title: 'kill a replica until Kubernetes delays its restarts',
  // A retry may meet the next crash.
  expectedImpact: 'keeps serving',
  skip: ({ cluster }) =>
    cluster === undefined ? 'the local runtime backs off like Kubernetes, whose back-off this tests' : undefined,
  async run(chaos) {
    const { watch, wanted } = chaos;
    const { name } = pickVictim(chaos);
    const now = () => watch.replicas.find((replica) => replica.name === name);
    const backsOff = (): boolean => now()?.reason === 'CrashLoopBackOff';
    let disruptedAt = NaN;
    let kills = 0;
    for (; !backsOff(); kills++) {
      disruptedAt = await crash(chaos, name);
      const before = now()?.restarts ?? 0;
      await watch.until(
        `${name} was neither restarted nor delayed`,
        120,
        (replicas) =>
          backsOff() || replicas.some((replica) => replica.name === name && replica.ready && replica.restarts > before),
      );
    }
    // Kubernetes delays a restart for five minutes at most.
    const recoveredAt = await watch.until(`${name} was not ready again`, 360, complete(wanted));
    return { disruptedAt, recoveredAt, observed: `CrashLoopBackOff after ${String(kills)} kills, then restarted` };
  },
};

/**
 * Crashes the replica's container. If Rhizome doesn't control the nodes, no signal reaches the process, and deleting
 * the pod would cause no back-off: then by exhausting its memory.
 */
async function crash(chaos: ChaosContext, name: string): Promise<number> {
  const [victim] = chaos.watch.replicas.filter((replica) => replica.name === name);
  if (victim === undefined) return Date.now();
  return chaos.nodes === undefined ? exhaustMemory(chaos, victim) : chaos.kill(victim);
}
