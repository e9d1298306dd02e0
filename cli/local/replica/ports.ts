import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/** Returns the port of a listening server. */
export function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server does not listen on a TCP port.');
  return address.port;
}

/** Finds a free port on the loopback interface for each wanted one, holding all until the last so that they differ. */
export async function freePorts(wanted: readonly number[]): Promise<ReadonlyMap<number, number>> {
  const servers = await Promise.all(
    wanted.map(async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  const found = new Map(wanted.map((port, index) => [port, portOf(servers[index] as Server)]));
  for (const server of servers) server.close();
  return found;
}
