import { exec, type ExecContext } from '../tools/exec.ts';
import type { Event, List } from '../kubernetes.ts';
import { kubectlEvents, type Scope } from '../tools/kubectl.ts';

/** The last failure message of each probe, by `NAME StartupProbe`, with the names that `replicaStatus` uses. */
export type ProbeFailures = ReadonlyMap<string, string>;

export async function readProbeFailures(context: ExecContext, scope: Scope): Promise<ProbeFailures> {
  const { items } = JSON.parse(
    await exec(context, kubectlEvents(scope, 'reason=Unhealthy'), { quiet: true }),
  ) as List<Event>;
  return new Map(
    items.flatMap(({ involvedObject, message = '' }) => {
      const [, probe, what = ''] =
        /^(Startup|Readiness|Liveness) probe (?:failed|errored)[^:]*: (.*)/s.exec(message) ?? [];
      return probe === undefined ? [] : [[`${involvedObject.name ?? ''} ${probe}Probe`, shorten(what)] as const];
    }),
  );
}

/** Shortens the kubelet's message, and removes the address, which differs for each pod. */
function shorten(message: string): string {
  const status = /statuscode: (\d+)/.exec(message)?.[1];
  if (status !== undefined) return `HTTP ${status}`;
  if (/Client\.Timeout exceeded|context deadline exceeded/.test(message)) return 'timeout';
  return message
    .trim()
    .replace(/^Get "[^"]*": /, '')
    .replace(/^dial tcp \S+: (?:connect: )?/, '');
}
