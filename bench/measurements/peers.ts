import type { Context } from '../context.ts';
import { inferJson, json, predictions, type Route } from '../loads/routes.ts';
import type { BenchModel } from '../models/bench-model.ts';
import { bentoml, fastapi, litserve, mlserver, peerServer, type Peer } from '../servers/peers.ts';
import { httpContender, type Contender } from './contender.ts';

/** FastAPI has a route of its own for several rows: one for both would validate more slowly. */
const fastapiRoute: Route = {
  request(model, sample) {
    const request = predictions.request(model, sample);
    return sample.rows === 1 ? request : { ...request, path: '/batches' };
  },
  isCorrect: predictions.isCorrect,
};

/** One row, or several, as an array of arrays. */
const bentomlRoute: Route = {
  request({ rowShape: [columns = 0] }, { rows, cells }) {
    const table = Array.from({ length: rows }, (_, row) =>
      Array.from(cells.subarray(row * columns, (row + 1) * columns)),
    );
    return json('/predict', { cells: table });
  },
  isCorrect: predictions.isCorrect,
};

const routes: readonly (readonly [Peer, Route])[] = [
  [fastapi, fastapiRoute],
  [mlserver, inferJson],
  [bentoml, bentomlRoute],
  [litserve, predictions],
];

/** Returns the peers that this machine can run. The others are recorded as skipped, with the reason. */
export async function peerContenders(
  { figures, say }: Context,
  subject: string,
  model: BenchModel,
  wanted: readonly Peer[] = routes.map(([peer]) => peer),
): Promise<readonly Contender[]> {
  const contenders: Contender[] = [];
  for (const [peer, route] of routes.filter(([peer]) => wanted.includes(peer))) {
    try {
      const server = await peerServer(peer, model, say);
      const contender = httpContender({ id: peer.id, title: peer.title, server }, route, model);
      // LitServe batches requests, and accepts one row in each.
      contenders.push(peer === litserve ? { ...contender, onlySingleRows: true } : contender);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      figures.skip(`${subject}/${peer.id}`, reason);
      say(`${subject}: skipping ${peer.title}: ${reason}`);
    }
  }
  return contenders;
}
