import { Failure } from '../../failure.ts';
import { pickVictim, type Experiment } from '../experiment.ts';
import { completeWithout } from '../replicas.ts';

/** Stops a process. The readiness probe removes it from the Service, then the liveness probe restarts it. */
export const hang: Experiment = {
  name: 'hang',
  title: 'hang a replica with SIGSTOP',
  expectedImpact: 'one retry',
  skip: ({ freeze }) =>
    freeze === undefined
      ? 'it needs a signal from the node, and Rhizome does not control the nodes of this cluster'
      : undefined,
  async run(chaos, undo) {
    const { context, watch, wanted, freeze } = chaos;
    if (freeze === undefined) throw new Failure('No signal can reach the process.');
    const victim = pickVictim(chaos);
    undo(async (uninterrupted) => {
      // After the restart there is nothing to continue.
      if (watch.replicas.some(({ name, process }) => name === victim.name && process === victim.process))
        await freeze(uninterrupted, victim, 'CONT');
    });
    const disruptedAt = await freeze(context, victim, 'STOP');
    const recoveredAt = await watch.until(`${victim.name} was not ready again`, 180, completeWithout(wanted, victim));
    return { disruptedAt, recoveredAt, observed: 'restarted by its liveness probe' };
  },
};
