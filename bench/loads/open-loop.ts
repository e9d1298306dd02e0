import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Cores } from '../machine/cores.ts';
import type { OutcomeSummary } from './latencies.ts';
import type { WireRequest } from './wire-request.ts';

/** What the program reads. */
export interface OpenLoopPlan {
  readonly port: number;
  readonly targets: readonly { readonly rate: number; readonly message: string }[];
  readonly seconds: number;
  /** Before `seconds`, without being counted. */
  readonly warmupSeconds: number;
  /** The most connections. Requests that find none free wait, and their latency includes it. */
  readonly connections: number;
  /** How long to wait for responses after the last request. */
  readonly patienceSeconds: number;
  readonly seed: number;
}

/** What the program prints. */
export interface OpenLoopReport {
  /** By target. */
  readonly outcomes: readonly OutcomeSummary[];
  /** Requests without a response when the patience was over. */
  readonly unanswered: number;
  /** How late requests were sent, in milliseconds. */
  readonly sendDelayP99: number;
}

export interface OpenLoopOptions {
  readonly port: number;
  /** What is sent, and how often per second. */
  readonly targets: readonly { readonly rate: number; readonly request: WireRequest }[];
  readonly seconds: number;
  readonly cores: Cores;
  /** @default 1024 */
  readonly connections?: number;
  /** @default 1 */
  readonly warmupSeconds?: number;
}

const program = join(import.meta.dirname, 'open-loop-program.ts');

/** Sends requests of independent clients: at random times of a fixed rate, whatever became of those before. */
export async function openLoop(options: OpenLoopOptions): Promise<OpenLoopReport> {
  const { port, targets, seconds, cores, connections = 1024, warmupSeconds = 1 } = options;
  const folder = await mkdtemp(join(tmpdir(), 'rhizome-open-loop-'));
  const file = join(folder, 'plan.json');
  const plan: OpenLoopPlan = {
    port,
    targets: targets.map(({ rate, request }) => ({ rate, message: messageOf(request).toString('base64') })),
    seconds,
    warmupSeconds,
    connections,
    patienceSeconds: 20,
    seed: 1,
  };
  await writeFile(file, JSON.stringify(plan));
  const [command, ...args] = cores.forLoad([process.execPath, program, file]);
  try {
    const { stdout } = await promisify(execFile)(command, args, { maxBuffer: 2 ** 24 });
    // JSON has no NaN, which percentiles of no responses are.
    return JSON.parse(stdout, (_, value: unknown) => (value === null ? NaN : value)) as OpenLoopReport;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Returns the bytes of an HTTP request. One without a body is a GET. */
export function messageOf({ path, headers, body }: WireRequest): Buffer {
  const all = { Host: '127.0.0.1', ...headers, ...(body.length > 0 && { 'Content-Length': String(body.length) }) };
  const head = [
    `${body.length > 0 ? 'POST' : 'GET'} ${path} HTTP/1.1`,
    ...Object.entries(all).map(([name, value]) => `${name}: ${value}`),
  ];
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]);
}
