import type { Context } from '../context.ts';
import { openLoop } from '../loads/open-loop.ts';
import { predictions } from '../loads/routes.ts';
import { probe } from '../loads/wire-request.ts';
import { sampleOf, type BenchModel } from '../models/bench-model.ts';
import { iris } from '../models/iris.ts';
import { naive } from '../servers/node-servers.ts';
import { fastapi, peerServer } from '../servers/peers.ts';
import { rhizome } from '../servers/rhizome.ts';
import { startServer, type RunningServer, type ServerSpec } from '../servers/server.ts';

/** Above this share of the offered load, a server keeps up with it. */
const KEEPS_UP = 0.95;

/** The contenders of this measurement, as figures and plots name them. */
export const latencyContenders = {
  predictions: 'Rhizome /predictions',
  naive: 'naive Hono',
  fastapi: 'FastAPI async',
} as const;

/** Latency of iris by offered load: open loop at fixed rates, each server up to the rate that it cannot serve. */
export async function measureLatency(context: Context): Promise<void> {
  const { cores, figures, quick, say } = context;
  const model = await iris();
  const request = predictions.request(model, await sampleOf(model, 1));
  const rates = quick ? [2000, 16_000] : [500, 1000, 2000, 4000, 8000, 12_000, 16_000, 20_000, 24_000, 28_000, 32_000];
  const running = new Map<string, RunningServer>();
  try {
    for (const [id, spec] of await specs(context, model)) {
      const server = await startServer(spec, cores);
      running.set(id, server);
      await probe(server.http, request, () => true);
      server.process.pause();
    }
    for (const rate of rates) {
      for (const [id, { process, http }] of running) {
        process.resume();
        const report = await openLoop({
          port: http,
          targets: [{ rate, request }],
          seconds: context.seconds,
          connections: 256,
          cores,
        });
        process.pause();
        const [outcome] = report.outcomes;
        if (outcome === undefined) continue;
        const { goodput, p50, p99, refused } = outcome;
        say(
          `latency: ${latencyContenders[id as keyof typeof latencyContenders].padEnd(24)} ` +
            `${rate} requests/s offered, ${goodput.toFixed(0)} served, ` +
            `p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms`,
        );
        figures.add(`latency/${id}/r${rate}`, { goodput, p50, p99, refused, sendDelay: report.sendDelayP99 });
        if (goodput >= rate * KEEPS_UP) continue;
        // Higher rates would only measure how long the queue is.
        running.delete(id);
        await process.stop();
      }
    }
  } finally {
    for (const { process } of running.values()) await process.stop();
  }
}

async function specs(
  { figures, say }: Context,
  model: BenchModel,
): Promise<readonly (readonly [string, ServerSpec])[]> {
  const ours: readonly (readonly [string, ServerSpec])[] = [
    ['predictions', rhizome(model)],
    ['naive', naive(model)],
  ];
  try {
    return [...ours, ['fastapi', await peerServer(fastapi, model, say)]];
  } catch (error) {
    figures.skip('latency/fastapi', error instanceof Error ? error.message : String(error));
    return ours;
  }
}
