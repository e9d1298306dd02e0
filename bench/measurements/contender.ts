import type { Cores } from '../machine/cores.ts';
import { describeErrors, type LoadResult } from '../loads/load-result.ts';
import type { Route } from '../loads/routes.ts';
import { probe } from '../loads/wire-request.ts';
import { wrk } from '../loads/wrk.ts';
import type { BenchModel, Sample } from '../models/bench-model.ts';
import type { RunningServer, ServerSpec } from '../servers/server.ts';

/** One way to serve a model: a server, and how it is asked. */
export interface Contender {
  /** Part of the figures' keys. */
  readonly id: string;
  /** For tables and plots. */
  readonly title: string;
  /** Contenders with the same server share its process. */
  readonly server: ServerSpec;
  /** Whether loads with several rows per request leave it out. */
  readonly onlySingleRows?: boolean;
  /** Sends one request. @throws {Error} if the response is not correct */
  readonly verify: (server: RunningServer, sample: Sample) => Promise<void>;
  readonly load: (server: RunningServer, sample: Sample, load: ClosedLoop) => Promise<LoadResult>;
}

export interface ClosedLoop {
  readonly connections: number;
  readonly seconds: number;
  readonly cores: Cores;
}

/** Describes a contender that is asked over HTTP. */
export function httpContender(
  { id, title, server }: Pick<Contender, 'id' | 'title' | 'server'>,
  route: Route,
  model: BenchModel,
): Contender {
  return {
    id,
    title,
    server,
    verify: ({ http }, sample) =>
      probe(http, route.request(model, sample), (body) => route.isCorrect(model, sample, body)),
    load: ({ http }, sample, load) => wrk({ port: http, request: route.request(model, sample), ...load }),
  };
}

/** A load on a contender, with the processor time that the server needed. */
export async function loadContender(
  contender: Contender,
  server: RunningServer,
  sample: Sample,
  load: ClosedLoop,
): Promise<{ readonly figures: Record<string, number | undefined>; readonly problem: string | undefined }> {
  const before = server.process.usage();
  const result = await contender.load(server, sample, load);
  const after = server.process.usage();
  const cpu = before && after && ((after.cpuSeconds - before.cpuSeconds) * 1e6) / result.requests;
  const { rps, p50, p99 } = result;
  return {
    figures: { rps, p50, p99, cpu, rows: rps * sample.rows, resident: after?.residentMb },
    problem: describeErrors(result),
  };
}
