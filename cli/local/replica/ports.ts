import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/** The port that a listening server has. */
export function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server does not listen on a TCP port.');
  return address.port;
}

/** A free port of the loopback interface for each; all are held until the last is found, so that none comes twice. */
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
