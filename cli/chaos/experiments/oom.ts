import { CommandFailed, exec } from '../../tools/exec.ts';
import { kubectlShell } from '../../tools/kubectl-disrupt.ts';
import { Failure } from '../../failure.ts';
import { pickVictim, type Experiment } from '../experiment.ts';
import { completeWithout, type ChaosReplica } from '../replicas.ts';
import type { ChaosContext } from '../chaos-context.ts';

/** Fills a container's memory, until the kernel kills the largest process in it. */
export const oom: Experiment = {
  name: 'oom',
  title: 'fill the memory of a replica',
  expectedImpact: 'one retry',
  skip: ({ cluster }) => (cluster === undefined ? 'local replicas have no memory limit' : undefined),
  async run(chaos) {
    const victim = pickVictim(chaos);
    const disruptedAt = await exhaustMemory(chaos, victim);
    const recoveredAt = await chaos.watch.until(
      `${victim.name} was not ready again`,
      120,
      completeWithout(chaos.wanted, victim),
    );
    const reason = chaos.watch.replicas.find(({ name }) => name === victim.name)?.reason;
    return { disruptedAt, recoveredAt, observed: `restarted (${reason ?? 'unknown reason'})` };
  },
};

/**
 * Starts many processes that are each smaller than the server, so that the kernel kills the server. It would kill a
 * single large one instead.
 */
const allocators = 'for i in $(seq 40); do (head -c 30000000 /dev/zero; sleep 15) | tail & done; wait';

/** Fills the replica's memory. @returns when its process ended, as clock time in milliseconds */
export async function exhaustMemory(
  { context, watch, cluster, nodes }: ChaosContext,
  victim: ChaosReplica,
): Promise<number> {
  if (cluster === undefined) throw new Failure('There is no container whose memory could be filled.');
  const gone = new AbortController();
  const execContext = { ...context, signal: AbortSignal.any([context.signal, gone.signal]) };
  // Ends with the container, or at once if the image has no shell.
  const allocating = exec(execContext, kubectlShell(cluster.scope, victim.name, allocators)).then(
    () => undefined,
    (error: unknown) => error,
  );
  const noShell = allocating.then((error) => {
    if (error instanceof CommandFailed && [126, 127].includes(error.code ?? 0)) throw error;
    return ended;
  });
  const ended =
    nodes === undefined
      ? watch.until(
          `${victim.name} was not out of memory`,
          60,
          (replicas) =>
            !replicas.some(({ name, process, ready }) => name === victim.name && process === victim.process && ready),
        )
      : nodes.ended(context, victim);
  try {
    return await Promise.race([ended, noShell]);
  } finally {
    gone.abort();
    await allocating;
  }
}
