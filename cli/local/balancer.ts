import { connect, createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { otherPort, portInUse, type PortFlag } from '../tools/port.ts';
import { portOf } from './replica/ports.ts';

/** A replica that takes no connection within this time is passed over, as one that refuses it. */
const connectMs = 1000;

/**
 * The Service's port on this machine. As kube-proxy does, it leads each connection to a ready replica and knows nothing
 * of what goes over it; in turn rather than by chance, so that two replicas get half each. Where no replica is ready,
 * kube-proxy has a connection refused; here it is reset at once, since to refuse it the port would have to be given up.
 */
export class Balancer {
  readonly #endpoints: () => readonly number[];
  readonly #clients = new Set<Socket>();
  #servers: readonly Server[] = [];
  #turn = 0;

  /** `endpoints` gives the ports of the replicas that are ready at that moment. */
  constructor(endpoints: () => readonly number[]) {
    this.#endpoints = endpoints;
  }

  /**
   * Listens on localhost, by IPv4 and, where the machine has it, by IPv6. Port 0 picks a free one. Returns the port.
   * @param flag the option that names another one
   * @throws Failure when the port is in use
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

  /** Takes no new connection; those that are open live on. */
  close(): void {
    for (const server of this.#servers) server.close();
  }

  /** Ends the connections that are left. */
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
    // Out of file descriptors a connection cannot be accepted; those that are open must not suffer.
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

  /** Nothing has been sent yet: what the first replica refuses the next can still have. */
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
      join(client, replica);
      join(replica, client);
    });
  }
}

/** Hands on the bytes and the end of them, each way by itself; and a reset, which must not look like an end. */
function join(from: Socket, to: Socket): void {
  from.pipe(to);
  from.on('error', () => undefined);
  from.on('close', () => {
    if (!from.readableEnded || !from.writableFinished) to.resetAndDestroy();
  });
}
