import {
  createClient,
  RhizomeError,
  ServiceProblem,
  TimedOut,
  UnexpectedResponse,
  Unreachable,
  type Client,
} from '../../client/index.ts';
import { paths } from '../../service/contract/index.ts';
import { Failure } from '../failure.ts';
import type { ExecContext } from '../tools/exec.ts';
import { issueText } from './issue-text.ts';

/**
 * Options for calls to a service whose port was just opened, or whose replicas may be replaced meanwhile. They are
 * retried by the client's policy, but until their time is over.
 */
export const patient = { retries: Infinity, timeout: 30_000 } as const;

/** Returns the API key or the token to send, from the environment. */
export function apiKey(): string | undefined {
  const key = process.env.API_KEY ?? '';
  return key === '' ? undefined : key;
}

/** Creates a client that sends the API key, and ends its calls on Ctrl-C. */
export function connect({ signal }: Pick<ExecContext, 'signal'>, url: string): Client {
  const key = apiKey();
  return createClient({ url, signal, ...(key !== undefined && { apiKey: key }) });
}

/** Waits for a call of the client. @throws {Failure} in place of the client's errors */
export async function orFailure<Result>(url: string, call: Promise<Result>): Promise<Result> {
  try {
    return await call;
  } catch (error) {
    throw asFailure(error, url);
  }
}

/** Converts the client's errors to failures of the command. Returns any other error as it is. */
export function asFailure(error: unknown, url: string): unknown {
  if (!(error instanceof RhizomeError)) return error;
  if (error instanceof ServiceProblem) return problemFailure(error, url);
  if (error instanceof UnexpectedResponse)
    return new Failure(`${url} does not respond as a Rhizome service: ${error.message}`, {
      cause: error,
      hint: 'Check that the URL is that of the service.',
    });
  if (error instanceof TimedOut)
    return new Failure(`The service at ${url} did not respond within ${String(error.timeout / 1000)} s.`, {
      cause: error,
      hint: 'Check the URL. `rhizome status` shows the replicas, and `rhizome logs` what they logged.',
    });
  const message = error instanceof Unreachable ? `Cannot reach the service at ${url}: ${error.reason}.` : error.message;
  return new Failure(message, {
    cause: error,
    hint: '`rhizome status` shows what is running, and `rhizome up` starts the service.',
  });
}

function problemFailure(problem: ServiceProblem, url: string): Failure {
  const { status, code, title, detail, errors } = problem;
  if (code === undefined)
    return new Failure(`${url} responded with status ${String(status)}, but not as a Rhizome service.`, {
      cause: problem,
      details: detail === '' ? [] : [detail],
      hint: 'Check that the URL is that of the service.',
    });
  const what = status < 500 ? 'The service rejected the request' : 'The service could not respond to the request';
  return new Failure(`${what} (${String(status)} ${title}): ${detail}`, {
    cause: problem,
    details: errors.map((issue) => `${issue.pointer} ${issueText(issue)}`),
    hint: hintFor(problem, url),
  });
}

function hintFor({ status, code }: ServiceProblem, url: string): string {
  if (code === 'unauthorized') return 'Set the environment variable API_KEY to the key, or to a token.';
  // The message names the scopes.
  if (code === 'forbidden')
    return 'Set the environment variable API_KEY to a token of your identity provider with one of these scopes.';
  if (code === 'model-not-found') return `See the models of the service: ${url}${paths.models}`;
  if (code === 'timeout') return 'Send fewer rows, or increase REQUEST_TIMEOUT_SECONDS of the service.';
  if (code === 'overloaded')
    return 'More requests wait than the replicas can serve in time. Send fewer at once, or run more replicas.';
  if (code === 'model-restarting')
    return 'The process that runs the model has ended and is started again. `rhizome logs` shows why it ended.';
  if (status >= 500) return '`rhizome status` shows the replicas, and `rhizome logs` what they logged.';
  return `See what the model accepts: ${url}${paths.docs}`;
}
