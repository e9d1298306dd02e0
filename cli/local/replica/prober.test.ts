import { FakeClock } from '../fixtures/fake-clock.ts';
import type { Container, Probe } from '../../kubernetes.ts';
import { probeContainer } from './prober.ts';

type Probes = Pick<Container, 'startupProbe' | 'readinessProbe' | 'livenessProbe'>;

/** Probes whose checks give what `answers` holds at that time, on a clock that the test moves. */
function probing(probes: Probes, answer: (probe: Probe, seconds: number) => string | undefined) {
  const clock = new FakeClock();
  const over = new AbortController();
  const seen: string[] = [];
  const checks: string[] = [];
  const nameOf = (probe: Probe) => Object.entries(probes).find(([, value]) => value === probe)?.[0] ?? '';
  const note = (text: string) => {
    if (!seen.at(-1)?.endsWith(text)) seen.push(`${clock.now() / 1000} ${text}`);
  };
  const done = probeContainer({
    probes,
    clock,
    signal: over.signal,
    check: (probe) => {
      checks.push(`${clock.now() / 1000} ${nameOf(probe)}`);
      const message = answer(probe, clock.now() / 1000);
      return Promise.resolve(message === undefined ? undefined : { message });
    },
    onReadiness: (ready, failing) => {
      note(ready ? 'ready' : (failing?.message ?? ''));
    },
    onUnhealthy: ({ message, graceSeconds }) => {
      note(`kill: ${message}, grace ${graceSeconds ?? 'of the pod'}`);
    },
  });
  return {
    clock,
    seen,
    checks,
    end: async () => {
      over.abort();
      await done;
    },
  };
}

test('a container without probes is ready at once', async () => {
  const { clock, seen, end } = probing({}, () => 'never asked');
  await clock.advance(1000);
  expect(seen).toEqual(['0 ready']);
  await end();
});

test('the startup probe delays the others; a start is noticed within 0.1 s whatever the period', async () => {
  const startupProbe = { periodSeconds: 5, failureThreshold: 30 };
  const readinessProbe = { periodSeconds: 2 };
  const { clock, seen, checks, end } = probing(
    { startupProbe, readinessProbe, livenessProbe: { periodSeconds: 7 } },
    (_, now) => (now < 1.05 ? 'not yet' : undefined),
  );
  await clock.advance(4000);
  expect(seen).toEqual(['0 Startup probe failed: not yet', '1.1 ready']);
  expect(checks.filter((check) => !check.endsWith('startupProbe'))).toEqual([
    '1.1 readinessProbe',
    '1.1 livenessProbe',
    '3.1 readinessProbe',
  ]);
  await end();
});

test('frequent probes do not shorten the time that a start may take: failures count once per period', async () => {
  const startupProbe = { periodSeconds: 2, failureThreshold: 10 };
  const { clock, seen, end } = probing({ startupProbe }, () => 'no');
  await clock.advance(17_900);
  expect(seen).toEqual(['0 Startup probe failed: no']);
  await clock.advance(2_000);
  expect(seen[1]).toMatch(/^1[789](\.\d+)? kill: Startup probe failed: no, grace of the pod$/);
  await end();
});

test('readiness changes after its thresholds of failures and successes', async () => {
  const readinessProbe = { periodSeconds: 1, failureThreshold: 3, successThreshold: 2 };
  const { clock, seen, end } = probing({ readinessProbe }, (_, now) => (now >= 10 && now < 15 ? 'busy' : undefined));
  await clock.advance(30_000);
  expect(seen).toEqual(['1 ready', '12 Readiness probe failed: busy', '16 ready']);
  await end();
});

test('liveness kills after its threshold, with its own grace period, every 10 s by default', async () => {
  const livenessProbe = { terminationGracePeriodSeconds: 5, initialDelaySeconds: 3 };
  const { clock, seen, checks, end } = probing({ livenessProbe }, (_, now) =>
    now > 20 ? 'HTTP probe failed with statuscode: 500' : undefined,
  );
  await clock.advance(60_000);
  expect(checks).toEqual([3, 13, 23, 33, 43].map((time) => `${time} livenessProbe`));
  expect(seen).toEqual(['0 ready', '43 kill: Liveness probe failed: HTTP probe failed with statuscode: 500, grace 5']);
  await end();
});
