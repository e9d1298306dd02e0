/** How long closing idle connections and exiting may take after the last request. */
const closingSeconds = 5;

/**
 * Returns the shortest grace period, in seconds, that interrupts no accepted request: requests still arrive during the
 * drain delay, and the last of them may take the whole request timeout.
 */
export function minimumGraceSeconds(drainDelaySeconds: number, requestTimeoutSeconds: number): number {
  return drainDelaySeconds + requestTimeoutSeconds + closingSeconds;
}
