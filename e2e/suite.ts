import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';

/** What e2e/run.ts tells the tests, by the environment. */
export const variables = {
  /** Marks processes, containers and images as of this run. */
  id: 'RHIZOME_E2E_ID',
  /** File with the commands that undo what was made. */
  cleanUp: 'RHIZOME_E2E_CLEAN_UP',
  /** File with the rows of the table. */
  table: 'RHIZOME_E2E_TABLE',
  /** Port of this machine that the suite's own cluster is mapped to. */
  port: 'RHIZOME_E2E_PORT',
  /** Somebody's cluster, instead of one of the suite's own. */
  context: 'RHIZOME_E2E_CONTEXT',
  registry: 'RHIZOME_E2E_REGISTRY',
} as const;

/** The suite's own cluster. Never `rhizome`, which may be the user's. */
export const kindCluster = 'rhizome-e2e';

/** A port of this machine that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
