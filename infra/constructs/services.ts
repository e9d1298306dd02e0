import { k8s } from 'cdk8s-plus-27';
import { ports } from '../../service/contract/index.ts';
import type { Labels } from '../metadata/labels.ts';
import type { ResolvedProps } from '../props/resolved-props.ts';

/**
 * The protocol of each port, for meshes and gateways, which would otherwise have to guess and might treat gRPC as
 * HTTP/1. `kubernetes.io/h2c`, HTTP/2 without TLS, is defined by Kubernetes (KEP-3726) and tested by the Gateway API
 * (GEP-1911), and Istio treats it as HTTP/2 as well. Only some of them know `grpc`; and names without a prefix are
 * reserved for IANA's registry, which has no such service.
 */
const appProtocols = { http: 'http', grpc: 'kubernetes.io/h2c' } as const;

const servicePort = (protocol: keyof typeof appProtocols, number: number): k8s.ServicePort => ({
  name: ports[protocol].name,
  port: number,
  targetPort: k8s.IntOrString.fromString(ports[protocol].name),
  protocol: 'TCP',
  appProtocol: appProtocols[protocol],
});
const grpcPort = servicePort('grpc', ports.grpc.number);

/**
 * Returns the specification of the Service: one address for all pods. `http` is its first port, which the command line
 * and the local runtime rely on. The management port is not among them: a Service may be published, and a probe or a
 * scrape is about one pod.
 *
 * @param httpPort the Service's port for HTTP
 * @param selector labels that select the pods
 */
export function serviceSpec(props: ResolvedProps, httpPort: number, selector: Labels): k8s.ServiceSpec {
  const { nodePort, grpcNodePort, grpc } = props;
  // Without a number of its own, each port of a Service of type NodePort gets a random port of the nodes.
  const hasGrpc = grpc && (nodePort === undefined || grpcNodePort !== undefined);
  return {
    type: nodePort === undefined ? 'ClusterIP' : 'NodePort',
    selector,
    ports: [
      { ...servicePort('http', httpPort), ...(nodePort !== undefined && { nodePort }) },
      ...(hasGrpc ? [{ ...grpcPort, ...(grpcNodePort !== undefined && { nodePort: grpcNodePort }) }] : []),
    ],
  };
}

/**
 * Returns the specification of the headless Service. It has no address of its own: its name resolves to the addresses
 * of the ready pods. A Service balances connections, and a gRPC client sends all its requests over one connection, so
 * one pod would get them all. A client that knows the address of every pod can distribute its requests.
 *
 * The Service lacks the port `http`, or with `publicProbes` a monitor that selects Services by label would scrape each
 * pod twice.
 *
 * @param selector labels that select the pods
 */
export function headlessServiceSpec(selector: Labels): k8s.ServiceSpec {
  return { clusterIp: 'None', selector, ports: [grpcPort] };
}
