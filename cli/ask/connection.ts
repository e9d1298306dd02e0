import { setTimeout as sleep } from 'node:timers/promises';
import { paths, type Issue, type Problem } from '../../service/contract/index.ts';
import { Failure } from '../failure.ts';
import type { Reply } from './predict-rows.ts';
import type { ExecContext } from '../tools/exec.ts';

/** Time for one answer, in milliseconds. */
const answerTimeout = 20_000;

export interface Question {
  /** Of the service, without a trailing slash. */
  readonly url: string;
  /** Below it. */
  readonly path: string;
  /** JSON text to POST; none to GET. */
  readonly body?: string;
  /** Milliseconds in which a refused or reset connection is tried again; a port that was just opened may need them. @default 0 */
  readonly patience?: number;
}

/** The key that the service asks for, if there is one. */
export const keyHeader = (): Record<string, string> =>
  hasKey() ? { authorization: `Bearer ${process.env.API_KEY ?? ''}` } : {};

export const hasKey = (): boolean => (process.env.API_KEY ?? '') !== '';

/** Sends one request, and again where the service asks for that. @throws Failure where nothing answers */
export async function ask({ signal }: ExecContext, { url, path, body, patience = 0 }: Question): Promise<Reply> {
  const deadline = Date.now() + patience;
  for (;;) {
    try {
      const response = await fetch(`${url}${path}`, {
        ...(body !== undefined && { method: 'POST', body }),
        headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...keyHeader() },
        signal: AbortSignal.any([signal, AbortSignal.timeout(answerTimeout)]),
      });
      const reply = { status: response.status, text: await response.text() };
      if (reply.status !== 503 || Date.now() >= deadline) return reply;
      await sleep(Math.max(1, Number(response.headers.get('retry-after')) || 0) * 1000, undefined, { signal }).catch(
        () => undefined,
      );
    } catch (cause) {
      signal.throwIfAborted();
      if (cause instanceof TypeError && Date.now() < deadline) {
        await sleep(200);
        continue;
      }
      const why = cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : String(cause);
      throw new Failure(`Nothing answers at ${url}${why === '' ? '' : `: ${why}`}`, {
        cause,
        hint: '`rhizome status` says what is up; `rhizome up` starts it.',
      });
    }
    signal.throwIfAborted();
  }
}

/** What a reply that is no answer says, as the failure of a command. */
export function refusal({ status, text }: Reply, url: string): Failure {
  // Something else may answer there: none of it is certain.
  let problem: Partial<Problem>;
  try {
    problem = JSON.parse(text) as Partial<Problem>;
  } catch {
    return new Failure(`${url} answered ${String(status)}, but not as this service does.`, {
      details: text.split('\n').slice(0, 5),
      hint: 'Does the URL lead to the model server?',
    });
  }
  return new Failure(
    `The service refused the request (${String(status)} ${problem.title ?? ''}): ${problem.detail ?? ''}`,
    {
      details: (problem.errors ?? []).map(({ pointer = '', detail = '', expected }: Partial<Issue>) =>
        `${pointer} ${detail}${expected === undefined ? '' : ` (expected ${expected})`}`.trim(),
      ),
      hint: status === 401 ? 'Set API_KEY in the environment to the key.' : `What the model takes: ${url}${paths.docs}`,
    },
  );
}
