import { setTimeout as sleep } from 'node:timers/promises';
import type { Cores } from '../machine/cores.ts';
import { freePort } from '../../e2e/suite.ts';
import { ServerProcess, type ProcessOptions } from './server-process.ts';

/** A server that a benchmark can start. */
export interface ServerSpec {
  readonly name: string;
  readonly start: (ports: Ports) => ProcessOptions | Promise<ProcessOptions>;
  /** A path that responds with 2xx once the server is ready. */
  readonly readyPath: string;
  /** @default 60 */
  readonly readySeconds?: number;
}

export interface Ports {
  readonly http: number;
  readonly grpc: number;
}

export interface RunningServer extends Ports {
  readonly name: string;
  readonly process: ServerProcess;
  /** From the start of the process until it was ready. */
  readonly readyMilliseconds: number;
}

/** Starts a server and waits until it is ready. @throws {Error} with the end of its output, if it does not become so */
export async function startServer(spec: ServerSpec, cores: Cores): Promise<RunningServer> {
  const ports = { http: await freePort(), grpc: await freePort() };
  const options = await spec.start(ports);
  const process = await ServerProcess.start(options, cores);
  const seconds = spec.readySeconds ?? 60;
  const deadline = process.startedAt + seconds * 1000;
  while (!(await isReady(`http://127.0.0.1:${ports.http}${spec.readyPath}`))) {
    if (!process.hasExited && performance.now() < deadline) {
      await sleep(2);
      continue;
    }
    const problem = process.hasExited ? 'exited before it was ready' : `was not ready after ${seconds} s`;
    throw new Error(`${spec.name} ${problem}. The end of its output:\n${await process.stop()}`);
  }
  return { name: spec.name, process, readyMilliseconds: performance.now() - process.startedAt, ...ports };
}

async function isReady(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(5000) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

/** Runs a server while something is measured. */
export async function withServer<T>(
  spec: ServerSpec,
  cores: Cores,
  measure: (server: RunningServer) => Promise<T>,
): Promise<T> {
  const server = await startServer(spec, cores);
  try {
    return await measure(server);
  } finally {
    await server.process.stop();
  }
}
