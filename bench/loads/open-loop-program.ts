/**
 * Sends requests at a fixed rate, whatever becomes of those before: open loop. It is a program of its own, so that
 * nothing else delays it. Reads its plan from the file that is its argument, and prints the outcomes as JSON.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { percentile } from '../figures.ts';
import { seededRandom } from '../../onnx/seeded-random.ts';
import { ConnectionPool } from './connection-pool.ts';
import { OutcomeCounter } from './latencies.ts';
import type { OpenLoopPlan, OpenLoopReport } from './open-loop.ts';
import { mergeArrivals, poissonArrivals } from './schedule.ts';

const plan = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as OpenLoopPlan;
const messages = plan.targets.map(({ message }) => Buffer.from(message, 'base64'));
const counters = plan.targets.map(() => new OutcomeCounter());
const pool = new ConnectionPool(plan.port, plan.connections);
const random = seededRandom(plan.seed);
const arrivals = mergeArrivals(
  plan.targets.map(({ rate }) => poissonArrivals(rate, plan.warmupSeconds + plan.seconds, random)),
);
const warmup = plan.warmupSeconds * 1000;
const end = warmup + plan.seconds * 1000;

/** How late requests were sent, in milliseconds: above zero, the generator itself is the bottleneck. */
const delays: number[] = [];
let open = 0;
const start = performance.now();

function send(at: number, target: number): void {
  const counter = counters[target];
  const counted = at >= warmup;
  if (counted) {
    counter?.sent();
    delays.push(performance.now() - start - at);
  }
  open += 1;
  pool.send(messages[target] ?? Buffer.alloc(0), (outcome) => {
    open -= 1;
    const now = performance.now() - start;
    // From when the request was due, not from when it was sent: otherwise a server that stalls would seem fast,
    // since the requests of that time would be sent late (coordinated omission).
    if (counted) counter?.done(outcome, now - at, now <= end);
  });
}

// Timers are too coarse for thousands of requests per second, so the loop polls. It has a core to itself.
await new Promise<void>((resolve) => {
  let next = 0;
  const turn = (): void => {
    const now = performance.now() - start;
    for (let due = arrivals[next]; due !== undefined && due.at <= now; due = arrivals[next]) {
      send(due.at, due.target);
      next += 1;
    }
    if (next < arrivals.length || now < end) setImmediate(turn);
    else resolve();
  };
  turn();
});
const deadline = performance.now() + plan.patienceSeconds * 1000;
while (open > 0 && performance.now() < deadline) await sleep(20);
const unanswered = open;
// Calls back for what has no response yet.
pool.close();
await sleep(50);

const report: OpenLoopReport = {
  outcomes: counters.map((counter) => counter.summary(plan.seconds)),
  unanswered,
  sendDelayP99: percentile(delays, 99),
};
process.stdout.write(`${JSON.stringify(report)}\n`);
process.exit(0);
