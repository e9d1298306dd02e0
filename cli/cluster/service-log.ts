import type { Check } from '../../service/contract/index.ts';
import { CommandFailed, exec, type ExecContext } from '../tools/exec.ts';
import { kubectlLogs, type Scope } from '../tools/kubectl.ts';
import type { Pod } from '../kubernetes.ts';

/** Enough to reach back to a start behind the lines of many probes. */
const tail = 500;
const longest = 15;

/** What a replica's log says about its not getting ready. */
export interface ServiceLog {
  /** The last lines that complain; where none does, the last lines. */
  readonly lines: readonly string[];
  /** Checks that failed and will not pass before the container starts anew, as of a model that cannot be loaded. */
  readonly final?: string;
}

interface Line {
  readonly level?: string;
  readonly msg?: string;
  readonly checks?: readonly Check[];
}

/** Of the container that ended, when there was one before. Empty where it never started. */
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
    return judgeLog(output.split('\n').filter((line) => line !== ''));
  } catch (error) {
    if (error instanceof CommandFailed) return { lines: [] };
    throw error;
  }
}

export function judgeLog(lines: readonly string[]): ServiceLog {
  const parsed = lines.map((text) => ({ text, line: parse(text) }));
  const complaints = parsed
    .filter(({ line }) => line === undefined || /^(warn|error|fatal)$/.test(line.level ?? ''))
    .map(({ text }) => text);
  const last = parsed.findLast(({ line }) => line?.msg === 'not ready' || line?.msg === 'ready')?.line;
  const final = (last?.checks ?? [])
    .filter((check) => check.final === true)
    .map(({ name, detail }) => `${name}: ${detail}`);
  return {
    lines: (complaints.length > 0 ? complaints : lines).slice(-longest),
    ...(final.length > 0 && { final: final.join('; ') }),
  };
}

/** Undefined for a line that is not of the service's log: a stack trace, say. */
function parse(text: string): Line | undefined {
  try {
    const line: unknown = JSON.parse(text);
    return line !== null && typeof line === 'object' ? line : undefined;
  } catch {
    return undefined;
  }
}
