import type { Context } from '../context.ts';
import { findGhz, ghz, installGhz } from '../loads/ghz.ts';
import { inferMessage, probeGrpc } from '../loads/grpc.ts';
import { sampleOf, type BenchModel } from '../models/bench-model.ts';
import { iris } from '../models/iris.ts';
import { baseline } from '../servers/baseline.ts';
import { rhizome } from '../servers/rhizome.ts';
import type { ServerSpec } from '../servers/server.ts';
import type { Contender } from './contender.ts';
import { measureThroughput } from './throughput.ts';

const CONNECTIONS = 4;

/** gRPC, against the version of the service before requests were batched. */
export async function measureGrpc(context: Context): Promise<void> {
  if (findGhz() === undefined) {
    context.figures.skip('grpc', installGhz);
    return;
  }
  const model = await iris();
  const contenders = [contender('now', 'Rhizome gRPC', rhizome(model), model)];
  try {
    const { commit, sources } = await baseline();
    const server = rhizome({ ...model, sources, name: `Rhizome at ${commit}` });
    contenders.unshift(contender('before', `Rhizome gRPC at ${commit}`, server, model));
  } catch (error) {
    context.figures.skip('grpc/before', `the older version is missing: ${String(error)}`);
  }
  await measureThroughput(context, {
    subject: 'grpc',
    contenders,
    points: [{ connections: 64, sample: await sampleOf(model, 1) }],
    rounds: context.rounds,
    seconds: context.seconds,
  });
}

/** A load of `connections` means so many streams, over four connections. */
function contender(id: string, title: string, server: ServerSpec, model: BenchModel): Contender {
  return {
    id,
    title,
    server,
    verify: ({ grpc }, sample) => probeGrpc(grpc, model, sample),
    load: ({ grpc }, sample, { connections, seconds, cores }) =>
      ghz({
        port: grpc,
        message: inferMessage(model, sample),
        streams: connections,
        connections: CONNECTIONS,
        seconds,
        cores,
      }),
  };
}
