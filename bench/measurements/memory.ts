import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from '../context.ts';
import { openLoop } from '../loads/open-loop.ts';
import { constantPredictions, predictions } from '../loads/routes.ts';
import { sampleOf } from '../models/bench-model.ts';
import { iris } from '../models/iris.ts';
import { bare, naive } from '../servers/node-servers.ts';
import { rhizome } from '../servers/rhizome.ts';
import { withServer } from '../servers/server.ts';
import { httpContender, loadContender } from './contender.ts';

const MINUTE = 60;
/** The schedule of a load is made before it starts, so a long load is several. */
const STRETCH_SECONDS = 15;

/** Resident memory: idle, after a minute at 64 connections, and after ten minutes at 80 % of that throughput. */
export async function measureMemory(context: Context): Promise<void> {
  const { cores, figures, quick, say } = context;
  const model = await iris();
  const sample = await sampleOf(model, 1);
  for (const [id, server, route] of [
    ['bare', bare(), constantPredictions],
    ['naive', naive(model), predictions],
    ['predictions', rhizome(model), predictions],
  ] as const) {
    const contender = httpContender({ id, title: server.name, server }, route, model);
    await withServer(server, cores, async (running) => {
      await contender.verify(running, sample);
      await sleep(2000);
      const idle = running.process.usage()?.residentMb;
      const seconds = quick || id !== 'predictions' ? 10 : MINUTE;
      const load = { connections: 64, seconds, cores };
      const { figures: measured, problem } = await loadContender(contender, running, sample, load);
      if (problem !== undefined) figures.problem(`memory/${id}`, problem);
      figures.add(`memory/${id}`, { idle, loaded: measured['resident'] });
      say(`memory: ${server.name}: ${formatMb(idle)} idle, ${formatMb(measured['resident'])} after ${seconds} s`);
      if (id !== 'predictions') return;

      const rate = (measured['rps'] ?? 0) * 0.8;
      const soakSeconds = quick ? 20 : context.soakMinutes * MINUTE;
      const request = predictions.request(model, sample);
      for (let passed = 0; passed < soakSeconds; passed += STRETCH_SECONDS) {
        await openLoop({
          port: running.http,
          targets: [{ rate, request }],
          seconds: STRETCH_SECONDS,
          connections: 64,
          warmupSeconds: 0,
          cores,
        });
        figures.add('memory/predictions', { soaking: running.process.usage()?.residentMb });
      }
      const soaked = running.process.usage()?.residentMb;
      figures.add('memory/predictions', { soaked, soakSeconds });
      say(`memory: ${formatMb(soaked)} after ${soakSeconds} s at ${rate.toFixed(0)} requests/s`);
    });
  }
}

const formatMb = (mb: number | undefined): string => (mb === undefined ? 'unknown' : `${mb.toFixed(0)} MB`);
