import { k8s } from 'cdk8s-plus-27';
import { ports } from '../../service/contract/index.ts';
import type { Labels } from '../metadata/labels.ts';
import type { ResolvedProps } from '../props/resolved-props.ts';

/**
 * The protocol of each port, for meshes and gateways, which would otherwise have to guess and might treat gRPC as
 * HTTP/1. `kubernetes.io/h2c`, HTTP/2 without TLS, is defined by Kubernetes (KEP-3726) and tested by the Gateway API
 * (GEP-1911), and Istio treats it as HTTP/2 as well. Only some of them know `grpc`; and names without a prefix are
 * reserved for IANA's registry, which has no such service.
 *
 * @explains Service.spec.ports[].appProtocol
 * @without A mesh or a gateway guesses, and may send gRPC as HTTP/1, which fails.
 */
const appProtocols = { http: 'http', grpc: 'kubernetes.io/h2c' } as const;

const servicePort = (protocol: keyof typeof appProtocols, number: number): k8s.ServicePort => ({
  /**
   * What Ingresses, gateways and monitors call the port, whatever its number is.
   *
   * @explains Service.spec.ports[].name
   * @without Kubernetes refuses a Service with several ports, one of which has no name.
   */
  name: ports[protocol].name,
  /**
   * The port at the address of the Service.
   *
   * @explains Service.spec.ports[].port
   * @without Kubernetes refuses the Service.
   */
  port: number,
  /**
   * The port of the pods, by its name in the container: a changed number there changes nothing here.
   *
   * @explains Service.spec.ports[].targetPort
   * @without Requests go to the same number as that of the Service's port, at which no pod listens.
   */
  targetPort: k8s.IntOrString.fromString(ports[protocol].name),
  /**
   * HTTP and gRPC both use TCP.
   *
   * @explains Service.spec.ports[].protocol
   * @without The default is the same. It is written out because a server-side apply tells ports apart by it.
   */
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
    /**
     * `ClusterIP`: an address inside the cluster. `NodePort`, with the prop `nodePort`: ports of the nodes, too.
     *
     * @explains Service.spec.type
     * @without The default is ClusterIP: a Service on kind would have no port of this machine.
     * @setBy nodePort
     */
    type: nodePort === undefined ? 'ClusterIP' : 'NodePort',
    /**
     * The pods that get the requests: those with all of these labels. They name no version, so a rollout loses no pod.
     *
     * @explains Service.spec.selector.**
     * @without The Service leads to no pod: connections are refused.
     */
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
  return {
    /**
     * No address of its own: the name of the Service resolves to the addresses of the ready pods.
     *
     * @explains HeadlessService.spec.clusterIP
     * @without The name resolves to one address, and clients cannot balance between the pods.
     */
    clusterIp: 'None',
    selector,
    ports: [grpcPort],
  };
}
