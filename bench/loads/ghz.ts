import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import type { Cores } from '../machine/cores.ts';
import { inferMethod, protoFile } from './grpc.ts';
import type { LoadResult } from './load-result.ts';

export interface GhzOptions {
  readonly port: number;
  readonly message: object;
  /** Streams that are open at a time. */
  readonly streams: number;
  readonly connections: number;
  readonly seconds: number;
  readonly cores: Cores;
}

/** Returns the path of ghz: on the PATH, or where `go install` puts it. Undefined if it is not installed. */
export function findGhz(): string | undefined {
  const { PATH = '', GOPATH = join(homedir(), 'go') } = process.env;
  return [...PATH.split(delimiter), join(GOPATH, 'bin')].map((folder) => join(folder, 'ghz')).find(existsSync);
}

export const installGhz = 'ghz is not installed: go install github.com/bojand/ghz/cmd/ghz@latest';

/** Closed loop over gRPC: each stream sends its next call when the one before has been answered. */
export async function ghz({ port, message, streams, connections, seconds, cores }: GhzOptions): Promise<LoadResult> {
  const found = findGhz();
  if (found === undefined) throw new Error(installGhz);
  const [file, ...args] = cores.forLoad([
    ...[found, '--insecure', '--proto', protoFile, '--call', inferMethod, '--data', JSON.stringify(message)],
    ...['--concurrency', String(streams), '--connections', String(connections), '--cpus', '1'],
    // Calls that are under way when the time is over are not errors.
    ...['--duration', `${seconds}s`, '--duration-stop', 'ignore', '--format', 'json', `127.0.0.1:${port}`],
  ]);
  const { stdout } = await promisify(execFile)(file, args, { maxBuffer: 2 ** 28 });
  return readReport(stdout);
}

interface Report {
  readonly count: number;
  /** In nanoseconds, like the latencies. */
  readonly total: number;
  readonly latencyDistribution: readonly { readonly percentage: number; readonly latency: number }[] | null;
  readonly statusCodeDistribution: Readonly<Record<string, number>>;
}

/** Reads ghz's JSON report. */
export function readReport(output: string): LoadResult {
  const { count, total, latencyDistribution, statusCodeDistribution } = JSON.parse(output) as Report;
  const { OK: correct = 0, ...errors } = statusCodeDistribution;
  const percentile = (wanted: number): number =>
    (latencyDistribution?.find(({ percentage }) => percentage === wanted)?.latency ?? NaN) / 1e6;
  return { rps: correct / (total / 1e9), requests: count, p50: percentile(50), p99: percentile(99), errors };
}
