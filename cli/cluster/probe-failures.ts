import { exec, type ExecContext } from '../tools/exec.ts';
import type { Event, List } from '../kubernetes.ts';
import { kubectlEvents, type Scope } from '../tools/kubectl.ts';

/** What the last failure of each probe of each replica said: by `NAME StartupProbe`, as `replicaStatus` words it. */
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

/** The kubelet's words, without the address that is different in each pod. */
function shorten(message: string): string {
  const status = /statuscode: (\d+)/.exec(message)?.[1];
  if (status !== undefined) return `HTTP ${status}`;
  if (/Client\.Timeout exceeded|context deadline exceeded/.test(message)) return 'no answer in time';
  return message
    .trim()
    .replace(/^Get "[^"]*": /, '')
    .replace(/^dial tcp \S+: (?:connect: )?/, '');
}
