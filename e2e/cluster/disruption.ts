import { retryAfter } from '../../cli/chaos/perform.ts';
import { startLoad, type LoadOptions } from '../../cli/load/load.ts';
import { byKind, type LoadFailure, type LoadReport } from '../../cli/load/report.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { addRow } from '../impact-table.ts';
import type { Testbed } from './testbed.ts';

/** Requests per second over kept connections, and the same number over new connections, if a test does not set them. */
const usualRate = 50;
/** Kept connections to all replicas together. */
const pool = 20;

/** Causes the disruption. May return the seconds until all lost replicas were replaced. */
type Disrupt = () => Promise<unknown>;

/** The impact of a disruption on clients. */
export interface Impact {
  /** Requests per second over kept connections, and the same number over new connections. */
  readonly rate: number;
  readonly keptConnections: LoadReport;
  readonly newConnections: LoadReport;
  /** First attempts that failed, over kept and new connections. */
  readonly failures: readonly LoadFailure[];
  /** Second attempts that failed too, over kept and new connections. */
  readonly lost: readonly LoadFailure[];
}

/**
 * Causes a disruption under open-loop load through the Service's NodePort, checks every response, and adds the impact
 * to the table.
 *
 * @param after seconds for which the load continues afterwards: a terminating pod closes its connections late
 * @param rate requests per second over kept connections, and the same number over new connections
 */
export async function measureImpact(
  testbed: Testbed,
  disruption: string,
  disrupt: Disrupt,
  after = 3,
  rate = usualRate,
): Promise<Impact> {
  const options = {
    url: `${await testbed.url()}/predictions`,
    requests: testbed.requests,
    rate,
    retryAfter,
  } satisfies Partial<LoadOptions>;
  const loads = [
    startLoad({ ...options, connections: 'keep-alive', pool }),
    startLoad({ ...options, connections: 'new' }),
  ];
  let result: unknown;
  try {
    await sleep(2000);
    result = await disrupt();
    await sleep(after * 1000);
  } finally {
    await Promise.all(loads.map((load) => load.stop()));
  }
  const [keptConnections, newConnections] = (await Promise.all(loads.map((load) => load.stop()))) as [
    LoadReport,
    LoadReport,
  ];
  const failures = [...keptConnections.failures, ...newConnections.failures];
  const lost = [...keptConnections.lost, ...newConnections.lost];
  addRow({
    disruption,
    sent: keptConnections.sent + newConnections.sent,
    failed: failures.length,
    failedTwice: lost.length,
    longestGapMs: Math.max(keptConnections.longestGapMs, newConnections.longestGapMs),
    ...(typeof result === 'number' && { recoverySeconds: result }),
  });
  for (const [what, report] of [
    ['kept connections', keptConnections],
    ['new connections', newConnections],
  ] as const) {
    if (report.failures.length > 0) console.log(`  ${what}: ${summarize(report.failures, report.startedAt)}`);
  }
  return { rate, keptConnections, newConnections, failures, lost };
}

/** Measures the impact of a disruption, and expects that no request fails, not even at the first attempt. */
export async function expectNoFailedRequests(
  testbed: Testbed,
  disruption: string,
  disrupt: Disrupt,
  after?: number,
  rate?: number,
): Promise<Impact> {
  const impact = await measureImpact(testbed, disruption, disrupt, after, rate);
  expect(impact.failures).toEqual([]);
  return impact;
}

/** Expects that the other replicas served all the time: there is no second in which all new connections failed. */
export function expectOtherReplicasServed({ rate, newConnections }: Impact): void {
  expect(newConnections.perSecond.filter(({ sent, failed }) => sent > rate / 2 && failed === sent)).toEqual([]);
}

/**
 * Describes failures in one line: how many of each kind, when after the start of the load, how long each took, and how
 * many were the first request of their connection.
 */
function summarize(failures: readonly LoadFailure[], startedAt: number): string {
  const range = (values: readonly number[]): string =>
    [Math.min(...values), Math.max(...values)].map((ms) => (ms / 1000).toFixed(1)).join(' to ');
  const failed = range(failures.map(({ failedAt }) => failedAt - startedAt));
  const took = range(failures.map(({ failedAt, sentAt }) => failedAt - sentAt));
  const first = failures.filter(({ answeredBefore }) => answeredBefore === 0).length;
  return `${byKind(failures)}, ${failed} s after the start, each after ${took} s, ${first} on new connections`;
}
