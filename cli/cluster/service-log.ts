import type { Check } from '../../service/contract/index.ts';
import { CommandFailed, exec, type ExecContext } from '../tools/exec.ts';
import { kubectlLogs, type Scope } from '../tools/kubectl.ts';
import type { Pod } from '../kubernetes.ts';

/** Enough lines to reach back to the start of the service, past the lines of many probes. */
const tail = 500;
const maxLines = 15;

/** What a replica's log says about why it isn't ready. */
export interface ServiceLog {
  /** The last warnings and errors; if there are none, the last lines. */
  readonly lines: readonly string[];
  /** Failed checks that will not pass until the container restarts, for example because a model cannot be loaded. */
  readonly final?: string;
}

interface Line {
  readonly level?: string;
  readonly msg?: string;
  readonly checks?: readonly Check[];
}

/** Reads the log of the pod's container, or of its previous run if it isn't running. Empty if it never started. */
export async function readServiceLog(
  context: ExecContext,
  scope: Scope,
  pod: Pod,
  options: { quiet?: boolean } = {},
): Promise<ServiceLog> {
  const status = pod.status.containerStatuses?.[0];
  const previous = (status?.restartCount ?? 0) > 0 && status?.state?.running === undefined;
  try {
    const output = await exec(context, kubectlLogs(scope, pod.metadata.name, { previous, tail }), options);
    return parseServiceLog(output.split('\n').filter((line) => line !== ''));
  } catch (error) {
    if (error instanceof CommandFailed) return { lines: [] };
    throw error;
  }
}

export function parseServiceLog(lines: readonly string[]): ServiceLog {
  const parsed = lines.map((text) => ({ text, line: parse(text) }));
  const problems = parsed
    .filter(({ line }) => line === undefined || /^(warn|error|fatal)$/.test(line.level ?? ''))
    .map(({ text }) => text);
  const last = parsed.findLast(({ line }) => line?.msg === 'not ready' || line?.msg === 'ready')?.line;
  const final = (last?.checks ?? [])
    .filter((check) => check.final === true)
    .map(({ name, detail }) => `${name}: ${detail}`);
  return {
    lines: (problems.length > 0 ? problems : lines).slice(-maxLines),
    ...(final.length > 0 && { final: final.join('; ') }),
  };
}

/** Undefined for a line that the service's logger didn't write, such as one of a stack trace. */
function parse(text: string): Line | undefined {
  try {
    const line: unknown = JSON.parse(text);
    return line !== null && typeof line === 'object' ? line : undefined;
  } catch {
    return undefined;
  }
}
