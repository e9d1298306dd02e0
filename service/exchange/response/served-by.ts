/**
 * Returns the headers that say which replica responds, and how long that took, as names and values in turn.
 *
 * @param started when the request began, in milliseconds as in `performance.now()`
 */
export const servedBy = (replica: string, started: number): readonly string[] => [
  'X-Served-By',
  replica,
  'Server-Timing',
  `service;dur=${(performance.now() - started).toFixed(2)}`,
];
