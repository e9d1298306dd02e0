import { k8s } from 'cdk8s-plus-27';
import { ports } from '../../service/contract/index.ts';
import { instanceLabel } from '../metadata/labels.ts';
import type { ResolvedProps } from '../props/resolved-props.ts';
import { destinations } from './destinations.ts';
import { egressToAll } from './egress.ts';

const dns = k8s.IntOrString.fromNumber(53);

/** The pods of all namespaces. */
const everyPod: readonly k8s.NetworkPolicyPeer[] = [{ namespaceSelector: {} }];

/**
 * Returns the specification of the NetworkPolicy. Ingress: the service's ports, from `allowFrom` or from everyone; and
 * the management port, from `allowManagementFrom` or from every pod. An empty list means nobody. A kubelet can always
 * connect to the pods of its node. Egress: the cluster's DNS, because a prediction needs no other connection, and the
 * destinations that other props name.
 *
 * The L2 NetworkPolicy of cdk8s-plus-27 cannot express "from everyone to this port". Requests through a NodePort need
 * that: they come from a node, which no pod selector matches.
 */
export function networkPolicySpec(props: ResolvedProps): k8s.NetworkPolicySpec {
  const { name, allowFrom, allowManagementFrom = everyPod, grpc } = props;
  /**
   * Peers that may connect to the ports of the rule. A rule without peers would allow everyone.
   *
   * @explains NetworkPolicy.spec.ingress[].from.**
   * @without Everyone may connect to these ports.
   * @setBy allowManagementFrom
   */
  const rule = (from: readonly k8s.NetworkPolicyPeer[] | undefined, open: readonly { readonly name: string }[]) =>
    from?.length === 0 ? [] : [{ ...(from && { from: [...from] }), ports: open.map(policyPort) }];
  const ingress = [
    /**
     * The ports of the service, which clients may connect to.
     *
     * @explains NetworkPolicy.spec.ingress[].ports.**
     * @without Clients cannot connect: requests time out.
     * @setBy allowFrom
     */
    ...rule(allowFrom, [ports.http, ...(grpc ? [ports.grpc] : [])]),
    /**
     * The port for probes and metrics, which pods that scrape them may connect to.
     *
     * @explains NetworkPolicy.spec.ingress[].ports[port=management].**
     * @without Nothing can scrape the metrics. Kubernetes itself can always probe the pods.
     * @setBy allowManagementFrom
     */
    ...rule(allowManagementFrom, [ports.management]),
  ];
  return {
    /**
     * The pods that the policy is about. One label only: polaris does not recognize a policy that matches several.
     *
     * @explains NetworkPolicy.spec.podSelector.**
     * @without An empty selector matches every pod of the namespace, also those of others.
     */
    podSelector: { matchLabels: { [instanceLabel]: name } },
    /**
     * The policy limits both who may connect to the pods and what they may connect to.
     *
     * @explains NetworkPolicy.spec.policyTypes
     * @without Kubernetes derives it from the rules: without one for egress, the pods could connect to anything.
     */
    policyTypes: ['Ingress', 'Egress'],
    // Without rules, nobody may connect. The API server drops an empty list, and `kubectl diff` would always show it.
    ...(ingress.length > 0 && { ingress }),
    egress: [
      {
        /**
         * The pods may connect to the cluster's DNS, which they need to resolve names.
         *
         * @explains NetworkPolicy.spec.egress[0].**
         * @without The pods cannot resolve names, such as that of a receiver of traces.
         */
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
      ...egressToAll(destinations(props)),
    ],
  };
}

const policyPort = ({ name }: { readonly name: string }): k8s.NetworkPolicyPort => ({
  port: k8s.IntOrString.fromString(name),
  protocol: 'TCP',
});
