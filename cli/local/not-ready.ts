import { describeReason, type DeploymentStatus } from '../deployment-status.ts';
import { Failure } from '../failure.ts';
import { lastLines } from './log-file.ts';

/** EX_CONFIG of sysexits.h: the configuration is wrong, and the service has logged every problem with it. */
const configurationError = 78;

/**
 * Explains why replicas did not become ready: each one's reason and the end of its log.
 * @param afterSeconds the timeout that passed; undefined if waiting longer was pointless
 * @param logOf returns the path of a replica's log
 */
export function notReady(
  { wanted, ready, replicas }: DeploymentStatus,
  afterSeconds: number | undefined,
  logOf: (replica: string) => string,
): Failure {
  const bad = replicas.filter((replica) => !replica.ready);
  const details = bad.flatMap((replica) => [
    `${replica.name}: ${describeReason(replica) ?? 'unknown'}`,
    ...lastLines(logOf(replica.name), 5).map((line) => `  ${line}`),
  ]);
  const logs = bad.map(({ name }) => logOf(name)).join(' ');
  const misconfigured = bad.some(({ lastTermination }) => lastTermination?.exitCode === configurationError);
  const crashed = bad.find(({ reason }) => reason === 'CrashLoopBackOff');
  const why =
    crashed === undefined
      ? 'will not become ready'
      : crashed.lastTermination?.reason === 'Unhealthy'
        ? 'do not pass their probes'
        : 'crash as soon as they start';
  return new Failure(
    afterSeconds === undefined
      ? `The replicas ${why}: ${ready} of ${wanted} are ready.`
      : `Only ${ready} of ${wanted} replicas became ready within ${afterSeconds} s.`,
    {
      details,
      hint: misconfigured
        ? 'The configuration is wrong. Correct what the lines above name, in infra/environments.ts, ' +
          'and run `rhizome up` again.'
        : `Read the whole log (${logs}), fix the cause and run \`rhizome up\` again.`,
    },
  );
}
