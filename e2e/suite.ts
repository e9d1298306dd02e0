import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';

/** The environment variables through which e2e/run.ts configures the tests. */
export const variables = {
  /** Marks the processes, containers and images of this run. */
  id: 'RHIZOME_E2E_ID',
  /** File with the commands that clean up after the tests. */
  cleanUp: 'RHIZOME_E2E_CLEAN_UP',
  /** File with the rows of the impact table. */
  table: 'RHIZOME_E2E_TABLE',
  /** Port on this machine to which the suite's own cluster is mapped. */
  port: 'RHIZOME_E2E_PORT',
  /** kubectl context of an existing cluster to use instead of the suite's own. */
  context: 'RHIZOME_E2E_CONTEXT',
  /** Registry to which images are pushed for that cluster. */
  registry: 'RHIZOME_E2E_REGISTRY',
} as const;

/** The name of the suite's own cluster. It is not `rhizome`, because a cluster of that name may be the user's. */
export const kindCluster = 'rhizome-e2e';

/** Returns flags of `rhizome up` with two ports that nothing listens on. */
export const freePortFlags = async (): Promise<readonly string[]> => [
  '--port',
  String(await freePort()),
  '--grpc-port',
  String(await freePort()),
];

/** Returns a port on this machine that nothing listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
