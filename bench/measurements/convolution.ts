import type { Context } from '../context.ts';
import { inferBinary } from '../loads/routes.ts';
import { sampleOf } from '../models/bench-model.ts';
import { convolution } from '../models/convolution.ts';
import { rhizome } from '../servers/rhizome.ts';
import { httpContender } from './contender.ts';
import { runtimeFloor } from './runtime-floor.ts';
import { measureThroughput } from './throughput.ts';

/** A model that costs much more than the server. */
export async function measureConvolution(context: Context): Promise<void> {
  const model = await convolution();
  // One batch more or less in a short load would be an error of several percent.
  const seconds = Math.max(context.seconds * 3, 5);
  await measureThroughput(context, {
    subject: 'convolution',
    contenders: [
      httpContender({ id: 'infer-binary', title: 'Rhizome /v2 binary', server: rhizome(model) }, inferBinary, model),
    ],
    points: [{ connections: 64, sample: await sampleOf(model, 1) }],
    rounds: context.rounds,
    seconds,
    alongside: await runtimeFloor(context, 'convolution', model, seconds),
  });
}
