import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Cores } from '../machine/cores.ts';
import type { LoadResult } from './load-result.ts';
import type { WireRequest } from './wire-request.ts';

export interface WrkOptions {
  readonly port: number;
  readonly request: WireRequest;
  readonly connections: number;
  readonly seconds: number;
  readonly cores: Cores;
}

const script = join(import.meta.dirname, 'wrk.lua');

/**
 * Closed loop: each connection sends its next request when the response to the one before has come. This measures
 * throughput. The latencies are those of a saturated server.
 */
export async function wrk({ port, request, connections, seconds, cores }: WrkOptions): Promise<LoadResult> {
  const folder = await mkdtemp(join(tmpdir(), 'rhizome-wrk-'));
  const body = join(folder, 'body');
  await writeFile(body, request.body);
  const headers = Object.entries(request.headers).map(([name, value]) => `${name}: ${value}`);
  const [file, ...args] = cores.forLoad([
    'wrk',
    ...['--threads', '1', '--connections', String(connections), '--duration', `${seconds}s`, '--timeout', '30s'],
    ...['--script', script, `http://127.0.0.1:${port}${request.path}`, '--', body, ...headers],
  ]);
  try {
    const { stdout } = await promisify(execFile)(file, args, { timeout: (seconds + 60) * 1000 });
    return readSummary(stdout);
  } finally {
    await rm(folder, { recursive: true });
  }
}

interface Summary {
  readonly requests: number;
  readonly seconds: number;
  readonly p50: number;
  readonly p99: number;
  readonly status: number;
  readonly socket: number;
  readonly timeout: number;
}

/** Reads what wrk.lua prints on wrk's last line. */
export function readSummary(output: string): LoadResult {
  const summary = JSON.parse(output.trim().split('\n').at(-1) ?? '') as Summary;
  const correct = summary.requests - summary.status;
  return {
    rps: correct / summary.seconds,
    requests: summary.requests,
    // wrk prints zeros if there was no response.
    p50: summary.requests === 0 ? NaN : summary.p50,
    p99: summary.requests === 0 ? NaN : summary.p99,
    errors: {
      ...(summary.status > 0 && { 'not 2xx': summary.status }),
      ...(summary.socket > 0 && { 'socket error': summary.socket }),
      ...(summary.timeout > 0 && { timeout: summary.timeout }),
    },
  };
}
