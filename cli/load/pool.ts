import { Agent } from 'node:http';
import { Agent as TlsAgent } from 'node:https';

/** A pool of connections, each of which serves one request at a time. */
export interface Pool {
  /** Takes a connection for one request. With `false` the request opens one of its own. */
  take(): Agent | false;
  /** Returns a connection, after the response or a failure. */
  release(agent: Agent | false): void;
  close(): void;
  /** The number of connections that are kept. */
  readonly size: number;
}

/**
 * Creates a pool of `size` connections that are kept. Each request uses the one that was idle longest, so that all are
 * used and the server closes none for being idle. If all are busy, a request opens another one, which is kept too.
 */
export function keptPool(url: string, size: number): Pool {
  const options = { keepAlive: true, maxSockets: 1 };
  const connection = (): Agent => (url.startsWith('https:') ? new TlsAgent(options) : new Agent(options));
  // Each agent has one connection, and opens another one if the server has closed it.
  const all = Array.from({ length: size }, connection);
  const idle = [...all];
  return {
    take() {
      const next = idle.shift();
      if (next !== undefined) return next;
      const more = connection();
      all.push(more);
      return more;
    },
    release: (agent) => {
      if (agent !== false) idle.push(agent);
    },
    close: () => {
      for (const agent of all) agent.destroy();
    },
    get size() {
      return all.length;
    },
  };
}

/** Opens a new connection for each request. */
export const freshPool: Pool = { take: () => false, release: () => undefined, close: () => undefined, size: 0 };

/** Takes connections from two pools in turn. */
export function inTurn(one: Pool, other: Pool): Pool {
  let turn = false;
  return {
    take: () => ((turn = !turn) ? one : other).take(),
    // Only one of the pools keeps connections; the other ignores them.
    release: (agent) => {
      for (const pool of [one, other]) pool.release(agent);
    },
    close: () => {
      for (const pool of [one, other]) pool.close();
    },
    get size() {
      return one.size + other.size;
    },
  };
}
