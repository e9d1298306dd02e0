import { retryAfter } from '../../cli/chaos/perform.ts';
import { startLoad, type LoadOptions } from '../../cli/load/load.ts';
import { byKind, type LoadFailure, type LoadReport } from '../../cli/load/report.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { addRow } from '../impact-table.ts';
import type { Testbed } from './testbed.ts';

/** Requests a second over kept, and as many over new connections. */
const rate = 50;
/** Kept connections, over all replicas. */
const kept = 20;

/** Returns the seconds until the count was back, where replicas were lost; or nothing. */
type Work = () => Promise<unknown>;

export interface Impact {
  readonly keepAlive: LoadReport;
  readonly fresh: LoadReport;
  /** First attempts that failed, over either kind of connection. */
  readonly failures: readonly LoadFailure[];
  /** Second attempts that failed too. */
  readonly lost: readonly LoadFailure[];
}

/**
 * Lets something happen under open-loop load through the Service's NodePort, with every answer checked, and adds what it
 * cost to the table.
 *
 * @param after seconds of load after it: connections of a pod that ended its work are closed late
 */
export async function measureImpact(testbed: Testbed, disruption: string, work: Work, after = 3): Promise<Impact> {
  const options = {
    url: `${await testbed.url()}/predictions`,
    requests: testbed.requests,
    rate,
    retryAfter,
  } satisfies Partial<LoadOptions>;
  const loads = [
    startLoad({ ...options, connections: 'keep-alive', pool: kept }),
    startLoad({ ...options, connections: 'new' }),
  ];
  let result: unknown;
  try {
    await sleep(2000);
    result = await work();
    await sleep(after * 1000);
  } finally {
    await Promise.all(loads.map((load) => load.stop()));
  }
  const [keepAlive, fresh] = (await Promise.all(loads.map((load) => load.stop()))) as [LoadReport, LoadReport];
  const failures = [...keepAlive.failures, ...fresh.failures];
  const lost = [...keepAlive.lost, ...fresh.lost];
  addRow({
    disruption,
    sent: keepAlive.sent + fresh.sent,
    failed: failures.length,
    failedTwice: lost.length,
    longestGapMs: Math.max(keepAlive.longestGapMs, fresh.longestGapMs),
    ...(typeof result === 'number' && { recoverySeconds: result }),
  });
  for (const [what, report] of [
    ['keep-alive', keepAlive],
    ['new', fresh],
  ] as const) {
    if (report.failures.length > 0) console.log(`  ${what}: ${kinds(report.failures)}`);
  }
  return { keepAlive, fresh, failures, lost };
}

/** The same, where no request may fail. */
export async function expectNoFailedRequests(
  testbed: Testbed,
  disruption: string,
  work: Work,
  after?: number,
): Promise<Impact> {
  const impact = await measureImpact(testbed, disruption, work, after);
  expect(impact.failures).toEqual([]);
  return impact;
}

/** Holds the other replicas to what they are for: in no second did all requests over new connections fail. */
export function expectOtherReplicasServed({ fresh }: Impact): void {
  expect(fresh.perSecond.filter(({ sent, failed }) => sent > rate / 2 && failed === sent)).toEqual([]);
}

function kinds(failures: readonly LoadFailure[]): string {
  const from = Math.min(...failures.map(({ failedAt }) => failedAt));
  const to = Math.max(...failures.map(({ failedAt }) => failedAt));
  return `${byKind(failures)}, over ${((to - from) / 1000).toFixed(1)} s`;
}
