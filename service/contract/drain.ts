/** Time that the process keeps for closing idle connections and exiting, after the last request has had its time. */
const closingSeconds = 5;

/**
 * The shortest grace period, in seconds, in which nothing accepted is cut off: traffic still arrives during the drain
 * delay, and the last request to arrive may take the whole request time-out.
 */
export function minimumGraceSeconds(drainDelaySeconds: number, requestTimeoutSeconds: number): number {
  return drainDelaySeconds + requestTimeoutSeconds + closingSeconds;
}
