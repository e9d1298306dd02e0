import type { Context } from '../context.ts';
import type { Sample } from '../models/bench-model.ts';
import { startServer, type RunningServer, type ServerSpec } from '../servers/server.ts';
import { loadContender, type Contender } from './contender.ts';

export interface Point {
  readonly connections: number;
  readonly sample: Sample;
}

export interface ThroughputPlan {
  /** The first part of the figures' keys. */
  readonly subject: string;
  readonly contenders: readonly Contender[];
  readonly points: readonly Point[];
  readonly rounds: number;
  readonly seconds: number;
  /** Runs once in each round, while all servers are paused. */
  readonly alongside?: () => Promise<void>;
}

/** Returns the subject of a contender's figures for one load. */
export const subjectOf = (subject: string, id: string, connections: number, rows: number): string =>
  `${subject}/${id}/c${connections}/b${rows}`;

/**
 * Measures contenders in a closed loop, interleaved: each round has every load on every contender. The servers run for
 * the whole time, so that they stay warm, and are paused while it is another's turn.
 */
export async function measureThroughput(context: Context, plan: ThroughputPlan): Promise<void> {
  const servers = new Map<ServerSpec, RunningServer>();
  try {
    const ready: Contender[] = [];
    for (const contender of plan.contenders)
      if (await prepare(context, plan, contender, servers)) ready.push(contender);
    for (let round = 1; round <= plan.rounds; round += 1) {
      for (const point of plan.points) {
        context.say(
          `${plan.subject}: round ${round} of ${plan.rounds}, ${point.connections} connections, ` +
            `${point.sample.rows} rows per request`,
        );
        for (const contender of ready.filter((each) => accepts(each, point)))
          await measure(context, plan, contender, servers, point);
      }
      await plan.alongside?.();
    }
  } finally {
    for (const server of servers.values()) await server.process.stop();
  }
}

const accepts = ({ onlySingleRows = false }: Contender, { sample }: Point): boolean =>
  sample.rows === 1 || !onlySingleRows;

/** Starts a contender's server, verifies each response that will be measured, and warms it up. */
async function prepare(
  { cores, figures, say }: Context,
  { subject, points }: ThroughputPlan,
  contender: Contender,
  servers: Map<ServerSpec, RunningServer>,
): Promise<boolean> {
  say(`${subject}: starting ${contender.title}`);
  try {
    const server = servers.get(contender.server) ?? (await startServer(contender.server, cores));
    servers.set(contender.server, server);
    server.process.resume();
    for (const { sample } of points.filter((point) => accepts(contender, point)))
      await contender.verify(server, sample);
    const [first] = points;
    if (first) await contender.load(server, first.sample, { connections: 16, seconds: 1, cores });
    server.process.pause();
    return true;
  } catch (error) {
    // Nothing else can be measured for this contender; the others can.
    figures.problem(`${subject}/${contender.id}`, error instanceof Error ? error.message : String(error));
    say(`${subject}: ${contender.title} cannot be measured: ${String(error)}`);
    servers.get(contender.server)?.process.pause();
    return false;
  }
}

async function measure(
  { cores, figures, say }: Context,
  { subject, seconds }: ThroughputPlan,
  contender: Contender,
  servers: ReadonlyMap<ServerSpec, RunningServer>,
  { connections, sample }: Point,
): Promise<void> {
  const server = servers.get(contender.server);
  if (server === undefined) return;
  const key = subjectOf(subject, contender.id, connections, sample.rows);
  server.process.resume();
  const { figures: measured, problem } = await loadContender(contender, server, sample, {
    connections,
    seconds,
    cores,
  });
  server.process.pause();
  figures.add(key, measured);
  if (problem !== undefined) figures.problem(key, problem);
  const { rps = 0, p50 = 0, p99 = 0 } = measured;
  say(
    `  ${contender.title.padEnd(24)} ${rps.toFixed(0).padStart(7)} requests/s, p50 ${p50.toFixed(2)} ms, ` +
      `p99 ${p99.toFixed(2)} ms${problem === undefined ? '' : `, ${problem}`}`,
  );
}
