import type { CheckResult, ProbeFailure } from './check.ts';
import type { Clock } from './clock.ts';
import type { Container, Probe } from '../../kubernetes.ts';

/** Why a container has to be killed. */
export interface Unhealthy {
  readonly message: string;
  /** Seconds that it gets to end, where the probe has its own idea of it. */
  readonly graceSeconds: number | undefined;
}

export interface ProberOptions {
  readonly probes: Pick<Container, 'startupProbe' | 'readinessProbe' | 'livenessProbe'>;
  readonly check: (probe: Probe) => Promise<CheckResult>;
  readonly clock: Clock;
  /** Called when it changes, and with each failure as long as it has not been ready. */
  readonly onReadiness: (ready: boolean, failing?: ProbeFailure) => void;
  /** Called once, when the container has to be killed. */
  readonly onUnhealthy: (why: Unhealthy) => void;
  /** Ends all probing. */
  readonly signal: AbortSignal;
}

/**
 * While a container starts it is asked this often, and for this long, whatever its probes' period is: a period of some
 * seconds would be waited for by a person each time. The kubelet promises no less: it starts with a random part of a
 * period. Failed checks count only once a period, so that a container gets all the time that its manifest gives it.
 */
const quickMs = 100;
const quickForMs = 10_000;

/** Probes one run of a container as the kubelet does, the startup probe before the others, until the signal aborts. */
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
    for await (const failure of outcomes('Startup', startupProbe, options, (failing) => {
      onReadiness(false, failing);
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
    const early = (failing: ProbeFailure): void => {
      if (!everReady) onReadiness(false, failing);
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
 * What a probe finds, each time that it changes by its thresholds: undefined for well, else the last failure. Kubernetes'
 * defaults are 10 s, 1 success, 3 failures. Ends when the signal aborts.
 */
async function* outcomes(
  kind: string,
  probe: Probe,
  options: ProberOptions,
  onFailure?: (failing: ProbeFailure) => void,
): AsyncGenerator<CheckResult> {
  const { check, clock, signal } = options;
  const over = (): boolean => signal.aborted;
  const periodMs = (probe.periodSeconds ?? 10) * 1000;
  const start = clock.now();
  if (probe.initialDelaySeconds !== undefined) await clock.sleep(probe.initialDelaySeconds * 1000, signal);

  let well: boolean | undefined;
  let successes = 0;
  let failures = 0;
  let countedAt = -Infinity;
  while (!over()) {
    const askedAt = clock.now();
    const failure = await check(probe);
    if (over()) return;
    if (failure === undefined) {
      successes += 1;
      failures = 0;
      if (well !== true && successes >= (probe.successThreshold ?? 1)) {
        well = true;
        yield undefined;
      }
    } else {
      successes = 0;
      // A timer can be early by a millisecond, and that must not cost a period.
      if (askedAt - countedAt >= periodMs - quickMs) {
        failures += 1;
        countedAt = askedAt;
        const failing = { ...failure, message: `${kind} probe failed: ${failure.message}` };
        onFailure?.(failing);
        if (well !== false && failures >= (probe.failureThreshold ?? 3)) {
          well = false;
          yield failing;
        }
      }
    }
    const quick = kind !== 'Liveness' && well !== true && failure !== undefined && clock.now() - start < quickForMs;
    await clock.sleep(quick ? quickMs : Math.max(0, askedAt + periodMs - clock.now()), signal);
  }
}
