import type { Context } from '../context.ts';
import { constantPredictions, inferBinary, inferJson, predictions } from '../loads/routes.ts';
import { sampleOf, type BenchModel } from '../models/bench-model.ts';
import { iris } from '../models/iris.ts';
import { baseline } from '../servers/baseline.ts';
import { bare, naive } from '../servers/node-servers.ts';
import { fastapi } from '../servers/peers.ts';
import { rhizome } from '../servers/rhizome.ts';
import { httpContender, type Contender } from './contender.ts';
import { peerContenders } from './peers.ts';
import { measureThroughput } from './throughput.ts';

/** Throughput of the smallest model, where the server is all the cost. */
export async function measureIris(context: Context): Promise<void> {
  const model = await iris();
  const one = await sampleOf(model, 1);
  const many = await sampleOf(model, 32);
  const connections = context.quick ? [1, 64] : [1, 16, 64, 256];
  await measureThroughput(context, {
    subject: 'iris',
    contenders: [
      ...nodeContenders(model),
      ...(await olderContenders(context, model)),
      ...(await peerContenders(context, 'iris', model, context.quick ? [fastapi] : undefined)),
    ],
    points: [...connections.map((count) => ({ connections: count, sample: one })), { connections: 64, sample: many }],
    rounds: context.rounds,
    seconds: context.seconds,
  });
}

/** Returns the contenders that need nothing but Node: the floor, 30 lines of Hono, and Rhizome's routes. */
export function nodeContenders(model: BenchModel): readonly Contender[] {
  const ours = rhizome(model);
  return [
    httpContender({ id: 'bare', title: 'bare node:http', server: bare() }, constantPredictions, model),
    httpContender({ id: 'naive', title: 'naive Hono', server: naive(model) }, predictions, model),
    httpContender({ id: 'predictions', title: 'Rhizome /predictions', server: ours }, predictions, model),
    httpContender({ id: 'infer-json', title: 'Rhizome /v2 JSON', server: ours }, inferJson, model),
    httpContender({ id: 'infer-binary', title: 'Rhizome /v2 binary', server: ours }, inferBinary, model),
  ];
}

/** Returns the service as it was before requests were batched; nothing if git lacks that commit. */
async function olderContenders({ figures }: Context, model: BenchModel): Promise<readonly Contender[]> {
  try {
    const { commit, sources } = await baseline();
    const server = rhizome({ ...model, sources, name: `Rhizome at ${commit}` });
    return [httpContender({ id: 'before', title: `Rhizome at ${commit}`, server }, predictions, model)];
  } catch (error) {
    figures.skip('iris/before', `the older version is missing: ${String(error)}`);
    return [];
  }
}
