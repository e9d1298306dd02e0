import { ServiceProblem, TimedOut, UnexpectedResponse, Unreachable } from './errors.ts';
import { parseRetryAfter, retryDelay } from './retry.ts';

const problem = (status: number, code: string | undefined, retryAfter?: number) =>
  new ServiceProblem(status, { code, title: '', detail: '', errors: [], requestId: undefined, retryAfter });

afterEach(() => {
  jest.restoreAllMocks();
});

test.each([
  ['a 503 without Retry-After', problem(503, undefined)],
  ["the service's timeout", problem(504, 'timeout')],
  ['an overload with Retry-After that is not a 503', problem(429, undefined, 1000)],
  ['invalid input', problem(422, 'invalid-input')],
  ['an internal error', problem(500, 'internal-error')],
  ["the call's own timeout", new TimedOut('http://x', 1)],
  ['an unexpected response', new UnexpectedResponse('')],
])('%s is not retried', (_, error) => {
  expect(retryDelay(error, 1)).toBeUndefined();
});

test('the delay is random, up to a limit that doubles with each failure, to 2 s', () => {
  jest.spyOn(Math, 'random').mockReturnValue(0.999_999);
  const unreachable = new Unreachable('http://x', new Error('reset'));
  const delays = [1, 2, 3, 4, 5, 6, 7, 100].map((failures) => Math.round(retryDelay(unreachable, failures) ?? NaN));
  expect(delays).toEqual([100, 200, 400, 800, 1600, 2000, 2000, 2000]);
  jest.spyOn(Math, 'random').mockReturnValue(0);
  expect(retryDelay(unreachable, 5)).toBe(0);
});

test('the random delay follows Retry-After: clients refused together do not return together, "0" is no flood', () => {
  jest.spyOn(Math, 'random').mockReturnValue(0.5);
  expect(retryDelay(problem(503, 'overloaded', 1000), 1)).toBe(1050);
  expect(retryDelay(problem(503, 'model-not-ready', 0), 4)).toBe(400);
});

test.each([
  [null, undefined],
  ['soon', undefined],
  ['0', 0],
  ['2', 2000],
  [new Date(0).toUTCString(), 0],
])('Retry-After: %s', (header, milliseconds) => {
  expect(parseRetryAfter(header)).toBe(milliseconds);
});
