import type { CheckResult, ProbeFailure } from './check.ts';
import type { Clock } from './clock.ts';
import type { Container, Probe } from '../../kubernetes.ts';

/** Why a container must be killed. */
export interface Unhealthy {
  readonly message: string;
  /** Grace period of the probe itself, if it has one. */
  readonly graceSeconds: number | undefined;
}

export interface ProberOptions {
  readonly probes: Pick<Container, 'startupProbe' | 'readinessProbe' | 'livenessProbe'>;
  readonly check: (probe: Probe) => Promise<CheckResult>;
  readonly clock: Clock;
  /** Called when the readiness changes, and with each failure until the container is ready for the first time. */
  readonly onReadiness: (ready: boolean, failure?: ProbeFailure) => void;
  /** Called once, if the container must be killed. */
  readonly onUnhealthy: (why: Unhealthy) => void;
  /** Stops probing. */
  readonly signal: AbortSignal;
}

/**
 * While a container starts, it is probed this often and for this long, whatever its probes' periods, so that nobody
 * waits for a period of some seconds. The kubelet allows that: it starts after a random part of a period. Failures
 * count only once per period, so that a container has all the time that its manifest allows.
 */
const quickMs = 100;
const quickForMs = 10_000;

/** Probes one run of a container as the kubelet does, the startup probe first, until the signal aborts. */
export async function probeContainer(options: ProberOptions): Promise<void> {
  const {
    probes: { startupProbe, readinessProbe, livenessProbe },
    onReadiness,
    onUnhealthy,
    signal,
  } = options;
  const unhealthy = ({ message }: ProbeFailure, { terminationGracePeriodSeconds: graceSeconds }: Probe): void => {
    onUnhealthy({ message, graceSeconds });
  };

  if (startupProbe !== undefined) {
    for await (const failure of outcomes('Startup', startupProbe, options, (failure) => {
      onReadiness(false, failure);
    })) {
      if (failure === undefined) break;
      unhealthy(failure, startupProbe);
      return;
    }
  }
  if (signal.aborted) return;

  const readiness = async (): Promise<void> => {
    if (readinessProbe === undefined) {
      onReadiness(true);
      return;
    }
    let everReady = false;
    const early = (failure: ProbeFailure): void => {
      if (!everReady) onReadiness(false, failure);
    };
    for await (const failure of outcomes('Readiness', readinessProbe, options, early)) {
      everReady ||= failure === undefined;
      onReadiness(failure === undefined, failure);
    }
  };
  const liveness = async (): Promise<void> => {
    if (livenessProbe === undefined) return;
    for await (const failure of outcomes('Liveness', livenessProbe, options)) {
      if (failure === undefined) continue;
      unhealthy(failure, livenessProbe);
      return;
    }
  };
  await Promise.all([readiness(), liveness()]);
}

/**
 * Yields a probe's result each time that it changes by its thresholds: undefined for success, or the last failure.
 * The defaults are Kubernetes': 10 s, 1 success, 3 failures. Ends when the signal aborts.
 */
async function* outcomes(
  kind: string,
  probe: Probe,
  options: ProberOptions,
  onFailure?: (failure: ProbeFailure) => void,
): AsyncGenerator<CheckResult> {
  const { check, clock, signal } = options;
  const over = (): boolean => signal.aborted;
  const periodMs = (probe.periodSeconds ?? 10) * 1000;
  const start = clock.now();
  if (probe.initialDelaySeconds !== undefined) await clock.sleep(probe.initialDelaySeconds * 1000, signal);

  let passing: boolean | undefined;
  let successes = 0;
  let failures = 0;
  let countedAt = -Infinity;
  while (!over()) {
    const checkedAt = clock.now();
    const failure = await check(probe);
    if (over()) return;
    if (failure === undefined) {
      successes += 1;
      failures = 0;
      if (passing !== true && successes >= (probe.successThreshold ?? 1)) {
        passing = true;
        yield undefined;
      }
    } else {
      successes = 0;
      // A timer can fire a millisecond early, which must not cost a period.
      if (checkedAt - countedAt >= periodMs - quickMs) {
        failures += 1;
        countedAt = checkedAt;
        const failing = { ...failure, message: `${kind} probe failed: ${failure.message}` };
        onFailure?.(failing);
        if (passing !== false && failures >= (probe.failureThreshold ?? 3)) {
          passing = false;
          yield failing;
        }
      }
    }
    const quick = kind !== 'Liveness' && passing !== true && failure !== undefined && clock.now() - start < quickForMs;
    await clock.sleep(quick ? quickMs : Math.max(0, checkedAt + periodMs - clock.now()), signal);
  }
}
