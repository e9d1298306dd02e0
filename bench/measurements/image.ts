import type { Context } from '../context.ts';
import { inferBinary, type Route } from '../loads/routes.ts';
import { sampleOf } from '../models/bench-model.ts';
import { image } from '../models/image.ts';
import { echo } from '../servers/node-servers.ts';
import { rhizome } from '../servers/rhizome.ts';
import { httpContender } from './contender.ts';
import { measureThroughput } from './throughput.ts';

const sameBytes: Route = {
  request: inferBinary.request,
  isCorrect: (model, sample, body) => body.equals(inferBinary.request(model, sample).body),
};

/** Large bodies: 600 KB in, 600 KB out. */
export async function measureImage(context: Context): Promise<void> {
  const model = await image();
  await measureThroughput(context, {
    subject: 'image',
    contenders: [
      httpContender({ id: 'echo', title: 'node:http echo', server: echo() }, sameBytes, model),
      httpContender({ id: 'infer-binary', title: 'Rhizome /v2 binary', server: rhizome(model) }, inferBinary, model),
    ],
    points: [{ connections: 64, sample: await sampleOf(model, 1) }],
    rounds: context.rounds,
    seconds: context.seconds,
  });
}
