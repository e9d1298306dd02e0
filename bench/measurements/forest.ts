import type { Context } from '../context.ts';
import { sampleOf } from '../models/bench-model.ts';
import { forest } from '../models/forest.ts';
import { fastapi } from '../servers/peers.ts';
import { nodeContenders } from './iris.ts';
import { peerContenders } from './peers.ts';
import { runtimeFloor } from './runtime-floor.ts';
import { measureThroughput } from './throughput.ts';

/** A model that costs about as much as the server. */
export async function measureForest(context: Context): Promise<void> {
  const model = await forest();
  const [one, many] = [await sampleOf(model, 1), await sampleOf(model, 32)];
  await measureThroughput(context, {
    subject: 'forest',
    contenders: [...nodeContenders(model), ...(await peerContenders(context, 'forest', model, [fastapi]))],
    points: context.quick
      ? [{ connections: 64, sample: one }]
      : [
          { connections: 64, sample: one },
          { connections: 64, sample: many },
        ],
    rounds: context.rounds,
    seconds: context.seconds,
    alongside: await runtimeFloor(context, 'forest', model, context.seconds),
  });
}
