import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { openChaosContext } from '../chaos/chaos-context.ts';
import { experiments } from '../chaos/experiments/index.ts';
import { impactInWords } from '../chaos/outcome.ts';
import { Failure, reasonOf } from '../failure.ts';
import { loadOfExamples } from '../load/examples.ts';
import { openService, type OpenService } from '../targets/open-service.ts';
import type { Target } from '../targets/target.ts';
import { checkPortFree } from '../tools/port.ts';
import type { ExecContext } from '../tools/exec.ts';
import { Activities } from './activities.ts';
import { createBoardApp } from './app.ts';
import { Feed } from './feed.ts';
import type { ExperimentInfo } from './messages.ts';
import { observeReplicas } from './observe-replicas.ts';
import { boardReporter } from './reporter.ts';

export interface Board {
  /** The address of the page. Whoever has it can use the board. */
  readonly url: string;
  /** Stops what runs, and undoes it. */
  close(): Promise<void>;
}

/**
 * Opens a page, for this machine alone, that shows what runs on a target and can break it.
 * @param port 0 picks a free one
 * @throws {Failure} if nothing is up on the target, or the port is in use
 */
export async function openBoard(context: ExecContext, target: Target, port = 0): Promise<Board> {
  if (port !== 0) await checkPortFree(port, 'Choose another port with --port.');
  const service = await openService(context, target);
  try {
    return await serve(context, target, service, port);
  } catch (error) {
    await service.close();
    throw error;
  }
}

async function serve(context: ExecContext, target: Target, service: OpenService, port: number): Promise<Board> {
  const ended = new AbortController();
  const signal = AbortSignal.any([context.signal, ended.signal]);
  const feed = new Feed({
    target: target.name,
    url: service.url,
    ...(service.boundToOnePod && {
      note: 'Requests go through a port-forward to one pod. When that pod ends, they fail until it leads to another.',
    }),
    loadPromise: impactInWords['no failures'],
    experiments: await describeExperiments(context, target, service.url),
  });
  const within = { root: context.root, report: boardReporter(feed), signal };
  const activities = new Activities(within, target, service.url, feed);
  const token = randomBytes(18).toString('base64url');
  const hosts: string[] = [];
  const app = createBoardApp({ token, hosts, feed, activities, target, signal });
  const respond = getRequestListener(app.fetch);
  const server = createServer((incoming, outgoing) => void respond(incoming, outgoing)).listen(port, '127.0.0.1');
  await once(server, 'listening');
  const { port: bound } = server.address() as AddressInfo;
  hosts.push(`127.0.0.1:${bound}`, `localhost:${bound}`);

  const observing = observeReplicas(within, target, feed);
  // The page says so at once, the command once it ends: until then, the buttons still work.
  observing.catch((error: unknown) => {
    within.report.failure(`The board no longer shows everything: ${reasonOf(error)}`, [], undefined);
  });
  const close = async (): Promise<void> => {
    await activities.stop();
    ended.abort();
    await Promise.all([observing, closeServer(server), service.close()]);
  };
  return { url: `http://127.0.0.1:${bound}/${token}/`, close };
}

async function closeServer(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

/** Returns the experiments, and why some cannot be performed on this target. */
async function describeExperiments(
  context: ExecContext,
  target: Target,
  url: string,
): Promise<readonly ExperimentInfo[]> {
  const described = new AbortController();
  const within = { ...context, signal: AbortSignal.any([context.signal, described.signal]) };
  try {
    const load = { ...(await loadOfExamples(context.root, url)), rate: 1, connections: 'new' } as const;
    const chaos = await openChaosContext(within, target, load);
    return await Promise.all(
      experiments.map(async (experiment) => {
        const { name, title, expectedImpact } = experiment;
        const unavailable = await whyNot(() => experiment.skip(chaos));
        return {
          name,
          title,
          promise: impactInWords[expectedImpact],
          ...(unavailable !== undefined && { unavailable }),
        };
      }),
    );
  } finally {
    described.abort();
  }
}

/** What cannot be determined, such as nodes that this user may not list, is a reason too. */
async function whyNot(skip: () => ReturnType<(typeof experiments)[number]['skip']>): Promise<string | undefined> {
  try {
    return await skip();
  } catch (error) {
    if (error instanceof Failure) return error.message;
    throw error;
  }
}
