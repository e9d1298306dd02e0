import { pickVictim, type ChaosEvent } from '../experiment.ts';
import { completeWithout } from '../replicas.ts';

/** The process dies at once: a crash, or the kernel's doing. */
export const kill: ChaosEvent = {
  name: 'kill',
  title: 'kill a replica with SIGKILL',
  promised: 'one retry',
  skip: () => undefined,
  async run(stage) {
    const victim = pickVictim(stage);
    const struckAt = await stage.kill(victim);
    const backAt = await stage.watch.until(`${victim.name} is not back`, 120, completeWithout(stage.wanted, victim));
    const again = stage.watch.replicas.find(({ name }) => name === victim.name);
    return {
      struckAt,
      backAt,
      seen:
        again === undefined
          ? 'the pod was replaced'
          : `restarted${again.reason === undefined ? '' : ` (${again.reason})`}`,
    };
  },
};
