import { Failure } from '../../failure.ts';
import { pickVictim, type ChaosEvent } from '../experiment.ts';
import { completeWithout } from '../replicas.ts';

/** The process lives and does nothing: readiness takes it out of the Service, then liveness restarts it. */
export const hang: ChaosEvent = {
  name: 'hang',
  title: 'stop a replica with SIGSTOP, so that it hangs',
  promised: 'one retry',
  skip: ({ freeze }) =>
    freeze === undefined
      ? 'the signal has to come from the node, and the nodes of this cluster are not ours'
      : undefined,
  async run(stage, undo) {
    const { context, watch, wanted, freeze } = stage;
    if (freeze === undefined) throw new Failure('There is no way to the process.');
    const victim = pickVictim(stage);
    undo(async (calm) => {
      // Restarted, as it should be: there is nothing to wake.
      if (watch.replicas.some(({ name, process }) => name === victim.name && process === victim.process))
        await freeze(calm, victim, 'CONT');
    });
    const struckAt = await freeze(context, victim, 'STOP');
    const backAt = await watch.until(`${victim.name} is not back`, 180, completeWithout(wanted, victim));
    return { struckAt, backAt, seen: 'the liveness probe had it restarted' };
  },
};
