import { CommandFailed, exec } from '../../tools/exec.ts';
import { kubectlShell } from '../../tools/kubectl-disrupt.ts';
import { Failure } from '../../failure.ts';
import { pickVictim, type ChaosEvent } from '../experiment.ts';
import { completeWithout, type Replica } from '../replicas.ts';
import type { Stage } from '../chaos-context.ts';

/** The container's memory is full: the kernel kills the largest process in it. */
export const oom: ChaosEvent = {
  name: 'oom',
  title: 'fill the memory of a replica',
  promised: 'one retry',
  skip: ({ cluster }) => (cluster === undefined ? 'processes on this machine have no memory limit' : undefined),
  async run(stage) {
    const victim = pickVictim(stage);
    const struckAt = await exhaustMemory(stage, victim);
    const backAt = await stage.watch.until(`${victim.name} is not back`, 120, completeWithout(stage.wanted, victim));
    const reason = stage.watch.replicas.find(({ name }) => name === victim.name)?.reason;
    return { struckAt, backAt, seen: `restarted (${reason ?? 'no reason given'})` };
  },
};

/**
 * Many processes that are each smaller than the server, so that the server is the victim; one large one would be the
 * victim itself.
 */
const allocators = 'for i in $(seq 40); do (head -c 30000000 /dev/zero; sleep 15) | tail & done; wait';

/** @returns the clock time of the process's end, in milliseconds */
export async function exhaustMemory({ context, watch, cluster, nodes }: Stage, victim: Replica): Promise<number> {
  if (cluster === undefined) throw new Failure('There is no container whose memory could be filled.');
  const gone = new AbortController();
  const within = { ...context, signal: AbortSignal.any([context.signal, gone.signal]) };
  // Ends with the container. Where the image has no shell it ends before anything happens.
  const allocating = exec(within, kubectlShell(cluster.scope, victim.name, allocators)).then(
    () => undefined,
    (error: unknown) => error,
  );
  const refused = allocating.then((error) => {
    if (error instanceof CommandFailed && [126, 127].includes(error.code ?? 0)) throw error;
    return ended;
  });
  const ended =
    nodes === undefined
      ? watch.until(
          `${victim.name} still has memory`,
          60,
          (replicas) =>
            !replicas.some(({ name, process, ready }) => name === victim.name && process === victim.process && ready),
        )
      : nodes.ended(context, victim);
  try {
    return await Promise.race([ended, refused]);
  } finally {
    gone.abort();
    await allocating;
  }
}
