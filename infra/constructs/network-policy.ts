import { k8s } from 'cdk8s-plus-27';
import { ports } from '../../service/contract/index.ts';
import { instanceLabel } from '../metadata/labels.ts';
import type { ResolvedProps } from '../props/prediction-service-props.ts';

const dns = k8s.IntOrString.fromNumber(53);

/**
 * In: the service's ports, from `allowFrom` or everyone. Out: the cluster's DNS, and no more, since a prediction needs
 * nobody. The L2 NetworkPolicy cannot say "from everyone to this port", which requests through a NodePort need: they
 * come from a node, which no pod selector matches.
 */
export function networkPolicySpec({
  name,
  allowFrom,
  grpc,
}: Pick<ResolvedProps, 'name' | 'allowFrom' | 'grpc'>): k8s.NetworkPolicySpec {
  return {
    podSelector: { matchLabels: { [instanceLabel]: name } }, // one label: polaris takes no policy with more for one
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
