import { Agent } from 'node:http';
import { Agent as TlsAgent } from 'node:https';

/** Connections, each with one request at a time. */
export interface Pool {
  /** Takes a connection for one request; `false`: it opens one of its own. */
  take(): Agent | false;
  /** Gives it back, once the request is answered or has failed. */
  release(agent: Agent | false): void;
  close(): void;
  /** Connections that are kept at a time. */
  readonly size: number;
}

/**
 * Connections that are kept: so many are opened by the first requests; each later one takes the one that was idle longest,
 * so that all are used and none dies of idleness. A request that finds all of them busy opens one more, which stays.
 */
export function keptPool(url: string, size: number): Pool {
  const options = { keepAlive: true, maxSockets: 1 };
  const connection = (): Agent => (url.startsWith('https:') ? new TlsAgent(options) : new Agent(options));
  // An agent stands for a connection: it opens another one where the server has closed it.
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

/** A new connection for each request. */
export const freshPool: Pool = { take: () => false, release: () => undefined, close: () => undefined, size: 0 };

/** The one and the other in turn. */
export function inTurn(one: Pool, other: Pool): Pool {
  let turn = false;
  return {
    take: () => ((turn = !turn) ? one : other).take(),
    // An agent belongs to the pool that keeps any; no agent belongs to none.
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
