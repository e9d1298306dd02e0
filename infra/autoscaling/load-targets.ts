import type { PropTypes } from '../props/checks/types.ts';
import type { InvalidProp } from '../props/invalid-props-error.ts';

/** The load that each pod should have. */
export interface LoadTargets {
  /**
   * Requests that each pod should have in progress, on average over a minute. Above zero. For Autoscaling, this needs
   * the Prometheus adapter with the rule in docs/scaling.md.
   * @default none
   */
  readonly requestsInFlight?: number;

  /**
   * Rows that should wait for the model in each pod, on average over a minute. Above zero. For Autoscaling, this needs
   * the Prometheus adapter with the rule in docs/scaling.md.
   * @default none
   */
  readonly queuedRows?: number;
}

/** The type of each target, for `findMistypedProps`. */
export const loadTargets: PropTypes<LoadTargets> = { requestsInFlight: 'number', queuedRows: 'number' };

/** Checks the targets. */
export function* checkTargets({ requestsInFlight, queuedRows }: LoadTargets): Generator<InvalidProp> {
  for (const [prop, value] of Object.entries({ requestsInFlight, queuedRows })) {
    if (value !== undefined && !isPositive(value))
      yield { prop, value, reason: 'is not a valid target', fix: 'Use a number above zero.' };
  }
}

/** Returns whether a value is a number above zero. */
export const isPositive = (value: unknown): boolean => Number.isFinite(value) && (value as number) > 0;
