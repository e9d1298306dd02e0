import { k8s } from 'cdk8s-plus-27';
import { ports } from '../../service/contract/index.ts';
import { selectorLabels } from '../metadata/labels.ts';
import type { ResolvedProps } from '../props/prediction-service-props.ts';

/**
 * What a port speaks, for meshes and gateways, which would else have to guess, or take gRPC for HTTP/1. `kubernetes.io/h2c`,
 * HTTP/2 without TLS, is what Kubernetes defines (KEP-3726) and the Gateway API tests its implementations with (GEP-1911);
 * Istio takes it for HTTP/2 as well. `grpc` is known to some of them alone, and names without a prefix are IANA's, which has
 * no such service.
 */
const speaks = { http: 'http', grpc: 'kubernetes.io/h2c' } as const;

const port = (kind: keyof typeof ports, number: number): k8s.ServicePort => ({
  name: ports[kind].name,
  port: number,
  targetPort: k8s.IntOrString.fromString(ports[kind].name),
  protocol: 'TCP',
  appProtocol: speaks[kind],
});
const grpcPort = port('grpc', ports.grpc.number);

/** One address for all pods. `http` is its first port: the command line and the local engine take that one. */
export function serviceSpec({ name, nodePort, grpc }: ResolvedProps, httpPort: number): k8s.ServiceSpec {
  return {
    type: nodePort === undefined ? 'ClusterIP' : 'NodePort',
    selector: selectorLabels(name),
    ports: [{ ...port('http', httpPort), ...(nodePort !== undefined && { nodePort }) }, ...(grpc ? [grpcPort] : [])],
  };
}

/** Services have at most 63 characters in their names. */
export const headlessName = (name: string): string => `${name}-headless`;

/**
 * No address of its own: its name resolves to those of the pods that are ready. A Service balances connections, and a gRPC
 * client keeps one for all that it asks, so that one pod answers it all; a client that is told of all pods can take turns.
 *
 * Without the port `http`, so that a monitor which selects Services by label does not scrape each pod twice.
 */
export function headlessServiceSpec({ name }: ResolvedProps): k8s.ServiceSpec {
  return { clusterIp: 'None', selector: selectorLabels(name), ports: [grpcPort] };
}
