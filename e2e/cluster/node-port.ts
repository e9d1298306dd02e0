import { execa } from 'execa';
import type { List, Node, Service } from '../../cli/kubernetes.ts';

/**
 * Returns the node ports for HTTP and gRPC of this run's Service: its current ones, if an earlier test file created the
 * Service already, or some that no other Service of the cluster uses.
 */
export async function chooseNodePorts(context: string, name: string): Promise<readonly [http: number, grpc: number]> {
  const services = await get<Service>(context, 'services', '--all-namespaces');
  const ports = ({ spec }: Service): number[] => (spec.ports ?? []).flatMap(({ nodePort }) => nodePort ?? []);
  const own = services.find(({ metadata }) => metadata.namespace === name && metadata.name === name);
  const taken = new Set(services.flatMap(ports));
  const free = Array.from({ length: 2768 }, (_, index) => 30_000 + index).filter((port) => !taken.has(port));
  const random = (): number => free.splice(Math.floor(Math.random() * free.length), 1)[0]!;
  const [http = random(), grpc = random()] = own === undefined ? [] : ports(own);
  return [http, grpc];
}

/**
 * Returns the URLs at which this machine may be able to reach the NodePort. Those of the control plane come first,
 * because the tests stop other nodes.
 */
export async function nodePortUrls(context: string, name: string): Promise<readonly string[]> {
  const [port] = await chooseNodePorts(context, name);
  const nodes = await get<Node>(context, 'nodes');
  const rank = ({ metadata }: Node): number =>
    'node-role.kubernetes.io/control-plane' in (metadata.labels ?? {}) ? 0 : 1;
  return nodes
    .toSorted((a, b) => rank(a) - rank(b))
    .flatMap(({ status }) =>
      ['ExternalIP', 'InternalIP'].flatMap((type) =>
        (status.addresses ?? [])
          .filter((address) => address.type === type)
          .map(({ address }) => `http://${address.includes(':') ? `[${address}]` : address}:${port}`),
      ),
    );
}

async function get<T>(context: string, ...args: readonly string[]): Promise<readonly T[]> {
  const { stdout } = await execa('kubectl', ['--context', context, 'get', ...args, '--output', 'json'], {
    timeout: 60_000,
  });
  return (JSON.parse(stdout) as List<T>).items;
}
