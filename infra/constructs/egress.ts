import { isIP } from 'node:net';
import { k8s } from 'cdk8s-plus-27';
import { privateRanges } from '../../service/contract/index.ts';

/** What the pods connect to. */
export interface Destination {
  /** An absolute URL. Only its scheme, host and port matter. */
  readonly url: string;
  /**
   * Port of the pods behind a Service. A NetworkPolicy sees this port, not the Service's.
   * @default the port in the URL; without one there, every port
   */
  readonly podPort?: number | undefined;
  /**
   * Whether a host outside the cluster may have a private address.
   * @default false
   */
  readonly privateNetwork?: boolean | undefined;
}

/**
 * Addresses that a host outside the cluster does not have, besides private ones: loopback, and link-local ones, such as
 * that of the cloud's metadata service.
 */
const localRanges = { ipv4: ['127.0.0.0/8', '169.254.0.0/16'], ipv6: ['::1/128', 'fe80::/10'] };

/**
 * Returns the egress rules of a NetworkPolicy that a connection needs, besides DNS, which every pod may use. Policies
 * know addresses and labels, not names, so the host decides:
 *
 * - `service` is a Service of the same namespace: its pods.
 * - `service.namespace.svc`, with or without the cluster's domain, is a Service of that namespace: its pods.
 * - `name.name` may be either `service.namespace` or a host such as `example.com`: both rules. `.svc` at its end makes
 *   it the former alone.
 * - An address: this address.
 * - `localhost`, and the addresses of the pod itself, need no rule.
 * - Every other host: its port at every address, except for private and link-local ones.
 */
export function egressTo({ url, podPort, privateNetwork = false }: Destination): k8s.NetworkPolicyEgressRule[] {
  const { protocol, hostname, port } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  const outsidePort = port === '' ? (/^(https|wss|grpcs):$/.test(protocol) ? 443 : 80) : Number(port);
  const pods = (to: k8s.NetworkPolicyPeer): k8s.NetworkPolicyEgressRule => ({
    to: [to],
    ports: [tcp(podPort ?? (port === '' ? undefined : Number(port)))],
  });
  const family = isIP(host);
  if (host === 'localhost' || host === '::1' || (family === 4 && host.startsWith('127.'))) return [];
  if (family !== 0)
    return [{ to: [{ ipBlock: { cidr: `${host}/${family === 4 ? 32 : 128}` } }], ports: [tcp(outsidePort)] }];

  const labels = host.split('.');
  if (labels.length === 1) return [pods({ podSelector: {} })];
  const namespace = namespaceOf(labels);
  if (namespace !== undefined) return [pods(namespacePeer(namespace))];
  const outside = { to: everywhere(privateNetwork), ports: [tcp(outsidePort)] };
  return labels.length === 2 ? [pods(namespacePeer(labels[1] as string)), outside] : [outside];
}

/** Returns the rules of several destinations, each rule once. */
export function egressToAll(destinations: readonly Destination[]): k8s.NetworkPolicyEgressRule[] {
  const rules = destinations.flatMap(egressTo);
  return [...new Map(rules.map((rule) => [JSON.stringify(rule), rule])).values()];
}

/** Returns the namespace in the name of a Service, such as `service.namespace.svc.cluster.local`. */
function namespaceOf(labels: readonly string[]): string | undefined {
  const at = labels.indexOf('svc', 2);
  // A cluster's own domain ends in `local` unless its administrators chose another one.
  return at === labels.length - 1 || (at > 0 && labels.at(-1) === 'local') ? labels[at - 1] : undefined;
}

const namespacePeer = (namespace: string): k8s.NetworkPolicyPeer => ({
  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
});

function everywhere(privateNetwork: boolean): k8s.NetworkPolicyPeer[] {
  const except = (family: 'ipv4' | 'ipv6'): string[] =>
    [...(privateNetwork ? [] : privateRanges[family]), ...localRanges[family]].sort();
  return [
    { ipBlock: { cidr: '0.0.0.0/0', except: except('ipv4') } },
    { ipBlock: { cidr: '::/0', except: except('ipv6') } },
  ];
}

/** @param port every port if undefined */
const tcp = (port: number | undefined): k8s.NetworkPolicyPort => ({
  protocol: 'TCP',
  ...(port !== undefined && { port: k8s.IntOrString.fromNumber(port) }),
});
