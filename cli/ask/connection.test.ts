import { ServiceProblem, TimedOut, UnexpectedResponse, Unreachable } from '../../client/index.ts';
import { Failure } from '../failure.ts';
import { asFailure, orFailure } from './connection.ts';

const url = 'http://localhost:8080';
const problem = (status: number, code: string | undefined, detail: string) =>
  new ServiceProblem(status, { code, title: 'Title', detail, errors: [], requestId: undefined, retryAfter: undefined });

test.each([
  [
    new Unreachable(`${url}/models`, new Error('connect ECONNREFUSED')),
    'Cannot reach the service at http://localhost:8080: connect ECONNREFUSED.',
    'rhizome up',
  ],
  [
    new TimedOut(`${url}/models`, 30_000),
    'The service at http://localhost:8080 did not respond within 30 s.',
    'rhizome logs',
  ],
  [
    new UnexpectedResponse('The response is not JSON.'),
    'does not respond as a Rhizome service',
    'Check that the URL is that of the service.',
  ],
  [problem(502, undefined, '"<html>"'), 'responded with status 502, but not as a Rhizome service', 'the URL'],
  [problem(401, 'unauthorized', ''), 'The service rejected the request (401 Title)', 'API_KEY'],
  [
    problem(403, 'forbidden', 'It needs the scope "predict:iris" or "predict:*".'),
    'The service rejected the request (403 Title): It needs the scope "predict:iris" or "predict:*".',
    'Set the environment variable API_KEY to a token of your identity provider with one of these scopes.',
  ],
  [problem(404, 'model-not-found', 'No.'), 'The service rejected the request (404 Title): No.', `${url}/models`],
  [problem(422, 'invalid-input', 'No.'), 'The service rejected the request (422 Title): No.', `${url}/docs`],
  [problem(503, 'model-not-ready', 'Loading.'), 'The service could not respond', 'rhizome logs'],
  [problem(503, 'overloaded', 'Full.'), 'The service could not respond', 'run more replicas'],
  [problem(503, 'model-restarting', 'It ended.'), 'The service could not respond', '`rhizome logs` shows why'],
  [problem(504, 'timeout', 'Over 10 s.'), 'The service could not respond', 'REQUEST_TIMEOUT_SECONDS'],
])('%s becomes a failure with a hint', (error, message, hint) => {
  const failure = asFailure(error, url) as Failure;
  expect(failure).toBeInstanceOf(Failure);
  expect(failure.message).toContain(message);
  expect(failure.hint).toContain(hint);
  expect(failure.cause).toBe(error);
  // No command has the client's option.
  expect(failure.message).not.toContain('"timeout"');
});

test('other errors, such as an interruption, stay', async () => {
  const error = new Error('Interrupted.');
  await expect(orFailure(url, Promise.reject(error))).rejects.toBe(error);
});
