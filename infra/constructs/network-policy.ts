import { k8s } from 'cdk8s-plus-27';
import { ports } from '../../service/contract/index.ts';
import { instanceLabel } from '../metadata/labels.ts';
import type { ResolvedProps } from '../props/resolved-props.ts';

const dns = k8s.IntOrString.fromNumber(53);

/**
 * Returns the specification of the NetworkPolicy. Ingress: the service's ports, from `allowFrom` or from everyone.
 * Egress: the cluster's DNS only, because a prediction needs no other connection.
 *
 * The L2 NetworkPolicy of cdk8s-plus-27 cannot express "from everyone to this port". Requests through a NodePort need
 * that: they come from a node, which no pod selector matches.
 */
export function networkPolicySpec({
  name,
  allowFrom,
  grpc,
}: Pick<ResolvedProps, 'name' | 'allowFrom' | 'grpc'>): k8s.NetworkPolicySpec {
  return {
    // One label only: polaris does not recognize a policy that matches several.
    podSelector: { matchLabels: { [instanceLabel]: name } },
    policyTypes: ['Ingress', 'Egress'],
    ingress: [
      {
        ...(allowFrom && { from: [...allowFrom] }),
        ports: [ports.http, ...(grpc ? [ports.grpc] : [])].map((port) => ({
          port: k8s.IntOrString.fromString(port.name),
          protocol: 'TCP',
        })),
      },
    ],
    egress: [
      {
        to: [
          {
            namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } },
            podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
          },
        ],
        ports: [
          { port: dns, protocol: 'UDP' },
          { port: dns, protocol: 'TCP' },
        ],
      },
    ],
  };
}
