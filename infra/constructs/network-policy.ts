import { k8s } from 'cdk8s-plus-27';
import { ports } from '../../service/contract/index.ts';
import { instanceLabel } from './labels.ts';

const dns = k8s.IntOrString.fromNumber(53);

/**
 * In: the service's port, from `allowFrom` or everyone. Out: the cluster's DNS, and no more, since a prediction needs
 * nobody. The L2 NetworkPolicy cannot say "from everyone to this port", which requests through a NodePort need: they
 * come from a node, which no pod selector matches.
 */
export function networkPolicySpec(name: string, allowFrom?: readonly k8s.NetworkPolicyPeer[]): k8s.NetworkPolicySpec {
  return {
    podSelector: { matchLabels: { [instanceLabel]: name } }, // one label: polaris takes no policy with more for one
    policyTypes: ['Ingress', 'Egress'],
    ingress: [{
      ...(allowFrom && { from: [...allowFrom] }),
      ports: [{ port: k8s.IntOrString.fromString(ports.http.name), protocol: 'TCP' }],
    }],
    egress: [{
      to: [{
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } },
        podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
      }],
      ports: [{ port: dns, protocol: 'UDP' }, { port: dns, protocol: 'TCP' }],
    }],
  };
}
