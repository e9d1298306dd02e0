import { pickVictim, type Experiment } from '../experiment.ts';
import { completeWithout } from '../replicas.ts';

/** Kills a process without warning, as a crash or the kernel would. */
export const kill: Experiment = {
  name: 'kill',
  title: 'kill a replica with SIGKILL',
  expectedImpact: 'one retry',
  skip: () => undefined,
  async run(chaos) {
    const victim = pickVictim(chaos);
    const disruptedAt = await chaos.kill(victim);
    const recoveredAt = await chaos.watch.until(
      `${victim.name} was not ready again`,
      120,
      completeWithout(chaos.wanted, victim),
    );
    const again = chaos.watch.replicas.find(({ name }) => name === victim.name);
    return {
      disruptedAt,
      recoveredAt,
      observed:
        again === undefined
          ? 'the pod was replaced'
          : `restarted${again.reason === undefined ? '' : ` (${again.reason})`}`,
    };
  },
};
