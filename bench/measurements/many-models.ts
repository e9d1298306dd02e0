import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from '../context.ts';
import { manyIris } from '../models/model-sets.ts';
import { rhizome } from '../servers/rhizome.ts';
import { startServer } from '../servers/server.ts';

/** How many models one process serves. */
export const modelCounts = [1, 10, 100] as const;

/** Memory and time to ready with many tiny models in one process. */
export async function measureManyModels({ cores, figures, rounds, say }: Context): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    const resident: number[] = [];
    for (const count of modelCounts) {
      const spec = rhizome({ modelsDir: await manyIris(count), settings: { DEFAULT_MODEL: 'iris-0' } });
      const { process, readyMilliseconds } = await startServer(spec, cores);
      await sleep(1000);
      const residentMb = process.usage()?.residentMb;
      await process.stop();
      figures.add(`many-models/${count}`, { ready: readyMilliseconds, resident: residentMb });
      say(`many-models: ${count}: ready after ${readyMilliseconds.toFixed(0)} ms, ${residentMb?.toFixed(0) ?? '?'} MB`);
      if (residentMb !== undefined) resident.push(residentMb);
    }
    const [first, , last] = resident;
    if (first !== undefined && last !== undefined)
      figures.add('many-models/each', { resident: (last - first) / (modelCounts[2] - modelCounts[0]) });
  }
}
