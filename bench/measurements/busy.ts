import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from '../context.ts';
import { openLoop } from '../loads/open-loop.ts';
import { patientClients } from '../loads/patient-clients.ts';
import { json, predictions } from '../loads/routes.ts';
import { sampleOf } from '../models/bench-model.ts';
import { iris } from '../models/iris.ts';
import { irisAndBusy } from '../models/model-sets.ts';
import { rhizome } from '../servers/rhizome.ts';
import { withServer } from '../servers/server.ts';

/** One runs, and fifty wait. */
const CLIENTS = 51;

/** Probes, and a fast model, next to a model whose runs take half a second and follow each other without a pause. */
export async function measureBusy(context: Context): Promise<void> {
  const { cores, figures, quick, say } = context;
  const model = await iris();
  const get = (path: string) => ({ path, headers: {}, body: new Uint8Array() });
  const single = { ...predictions.request(model, await sampleOf(model, 1)), path: '/models/iris/predictions' };
  const slow = json('/v2/models/busy/infer', {
    inputs: [{ name: 'X', datatype: 'FP32', shape: [1, 4], data: [0.1, 0.2, 0.3, 0.4] }],
  });
  // By default, fewer may wait.
  const spec = rhizome({ modelsDir: await irisAndBusy(), settings: { MAX_QUEUE_ROWS: '64' } });
  await withServer(spec, cores, async ({ http }) => {
    const over = new AbortController();
    const clients = patientClients(http, slow, CLIENTS, over.signal);
    await sleep(2000);
    say(`busy: ${CLIENTS} clients of the slow model`);
    const { outcomes } = await openLoop({
      port: http,
      targets: [
        { rate: 50, request: get('/livez') },
        { rate: 50, request: get('/readyz') },
        { rate: 200, request: single },
      ],
      seconds: quick ? 5 : 20,
      cores,
    });
    over.abort();
    const { served, refused, timedOut, failed } = await clients;
    figures.add('busy/slow-model', { served, refused, timedOut });
    for (const [reason, times] of failed) figures.problem('busy/slow-model', `${times} × ${reason}`);
    say(`  slow model: ${served} served, ${refused} refused, ${timedOut} timed out, ${[...failed].join(' × ')}`);
    for (const [index, id] of ['livez', 'readyz', 'iris'].entries()) {
      const outcome = outcomes[index];
      if (outcome === undefined) continue;
      const { p50, p99, max, sent, accepted } = outcome;
      figures.add(`busy/${id}`, { p50, p99, max });
      if (accepted < sent) figures.problem(`busy/${id}`, `${sent - accepted} of ${sent} were not answered with 2xx`);
      say(`  ${id.padEnd(10)} p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, max ${max.toFixed(1)} ms`);
    }
  });
}
