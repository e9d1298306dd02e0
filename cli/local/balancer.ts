import { connect, createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { otherPort, portInUse, type PortFlag } from '../tools/port.ts';
import { portOf } from './replica/ports.ts';

/** A replica that doesn't accept a connection within this time is skipped, like one that refuses it. */
const connectMs = 1000;

/**
 * The Service's port on this machine. Like kube-proxy, it forwards each connection to a ready replica, whatever the
 * protocol; in turn rather than at random, so that two replicas get half of the connections each. Without a ready
 * replica, kube-proxy refuses connections. The balancer resets them, since only a closed port refuses connections.
 */
export class Balancer {
  readonly #endpoints: () => readonly number[];
  readonly #clients = new Set<Socket>();
  #servers: readonly Server[] = [];
  #turn = 0;

  /** @param endpoints returns the ports of the replicas that are ready now */
  constructor(endpoints: () => readonly number[]) {
    this.#endpoints = endpoints;
  }

  /**
   * Listens on localhost, over IPv4 and, if the machine has it, IPv6.
   * @param port 0 picks a free port
   * @param flag the option that sets the port
   * @returns the port
   * @throws {Failure} if the port is in use
   */
  async listen(port: number, flag: PortFlag = '--port'): Promise<number> {
    const ipv4 = await this.#listen('127.0.0.1', port, flag);
    const actual = portOf(ipv4);
    this.#servers = [ipv4];
    try {
      this.#servers = [ipv4, await this.#listen('::1', actual, flag)];
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EADDRNOTAVAIL' && code !== 'EAFNOSUPPORT') {
        this.close();
        throw error;
      }
    }
    return actual;
  }

  /** Accepts no new connections; open ones continue. */
  close(): void {
    for (const server of this.#servers) server.close();
  }

  /** Closes all connections. */
  destroy(): void {
    this.close();
    for (const client of this.#clients) client.destroy();
  }

  async #listen(host: string, port: number, flag: PortFlag): Promise<Server> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
      this.#accept(client);
    });
    server.listen({ host, port });
    try {
      await once(server, 'listening');
    } catch (error) {
      throw (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
        ? await portInUse(port, error, otherPort(flag, port))
        : error;
    }
    // Without file descriptors a connection cannot be accepted. That must not affect the open ones.
    server.on('error', () => undefined);
    return server;
  }

  #accept(client: Socket): void {
    this.#clients.add(client);
    client.on('close', () => {
      this.#clients.delete(client);
    });
    const ports = this.#endpoints();
    const turn = this.#turn++ % Math.max(ports.length, 1);
    this.#dial(client, [...ports.slice(turn), ...ports.slice(0, turn)]);
  }

  /** Tries the replicas in turn, which is safe since nothing has been sent yet. */
  #dial(client: Socket, [port, ...others]: readonly number[]): void {
    if (port === undefined || client.destroyed) {
      client.resetAndDestroy();
      return;
    }
    const replica = connect({ host: '127.0.0.1', port, allowHalfOpen: true, noDelay: true });
    const leave = (): void => {
      replica.destroy();
    };
    const next = (): void => {
      client.off('error', leave);
      this.#dial(client, others);
    };
    client.once('error', leave);
    replica.once('error', next);
    replica.setTimeout(connectMs, () => {
      replica.destroy(new Error('no connection'));
    });
    replica.once('connect', () => {
      replica.setTimeout(0);
      replica.off('error', next);
      client.off('error', leave);
      forward(client, replica);
      forward(replica, client);
    });
  }
}

/** Forwards data and its end in one direction, and resets, which must not look like an end. */
function forward(from: Socket, to: Socket): void {
  from.pipe(to);
  from.on('error', () => undefined);
  from.on('close', () => {
    if (!from.readableEnded || !from.writableFinished) to.resetAndDestroy();
  });
}
