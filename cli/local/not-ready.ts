import { Failure } from '../failure.ts';
import type { DeploymentStatus } from '../deployment-status.ts';
import { lastLines } from './log-file.ts';

/** sysexits.h: the configuration is wrong, and the service has printed every problem of it. */
const configurationError = 'exit code 78';

/**
 * Why replicas did not get ready: each one's reason and the end of its log. Without a time it was no use to wait on.
 */
export function notReady(
  { wanted, ready, replicas }: DeploymentStatus,
  afterSeconds: number | undefined,
  logOf: (replica: string) => string,
): Failure {
  const bad = replicas.filter((replica) => !replica.ready);
  const details = bad.flatMap(({ name, reason = 'unknown' }) => [
    `${name}: ${reason}`,
    ...lastLines(logOf(name), 5).map((line) => `  ${line}`),
  ]);
  const logs = bad.map(({ name }) => logOf(name)).join(' ');
  const misconfigured = bad.some(({ reason }) => reason?.includes(configurationError));
  const crashed = bad.find(({ reason }) => reason?.startsWith('CrashLoopBackOff'));
  const why =
    crashed === undefined
      ? 'will not get ready'
      : crashed.reason?.includes('probe failed') === true
        ? 'do not pass their probes'
        : 'crash as soon as they are started';
  return new Failure(
    afterSeconds === undefined
      ? `The replicas ${why}: ${ready} of ${wanted} are ready.`
      : `Only ${ready} of ${wanted} replicas got ready within ${afterSeconds} s.`,
    {
      details,
      hint: misconfigured
        ? 'Its configuration is wrong: correct what the lines above name, in infra/environments.ts, and run `rhizome up` again.'
        : `Read the whole log (${logs}), correct the cause and run \`rhizome up\` again.`,
    },
  );
}
