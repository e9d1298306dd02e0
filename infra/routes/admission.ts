import { k8s } from 'cdk8s-plus-27';
import type { Construct } from 'constructs';
import { ports } from '../../service/contract/index.ts';
import type { PredictionService } from '../constructs/prediction-service.ts';
import { instanceLabel, objectLabels } from '../metadata/labels.ts';
import { patchAsWritten } from '../metadata/patches.ts';
import { checkPeers } from '../props/checks/network.ts';
import type { InvalidProp } from '../props/invalid-props-error.ts';

/** Which pods send the requests of a route. */
export interface Admission {
  /**
   * The pods that the requests come from, those of the gateway or of the Ingress controller, for a service that limits
   * its callers with `allowFrom`. They are often in a namespace of their own, and not in that of the Gateway.
   * @default none: those in `allowFrom`, or everyone
   * @explains NetworkPolicy/*-gateway.spec.ingress[].from.**
   * @explains NetworkPolicy/*-ingress.spec.ingress[].from.**
   * @without Everyone may connect to these ports.
   * @setBy GatewayRoutes.admitFrom
   * @setBy IngressRoute.admitFrom
   */
  readonly admitFrom?: readonly k8s.NetworkPolicyPeer[];
}

/** Checks that the pods that send the requests may connect. */
export function* checkAdmission({ resolved }: PredictionService, { admitFrom }: Admission): Generator<InvalidProp> {
  yield* checkPeers('admitFrom', admitFrom);
  const { allowFrom } = resolved;
  if (admitFrom === undefined && allowFrom?.length === 0) {
    const fix = 'Name the pods that send the requests, such as those of a namespace.';
    yield { prop: 'admitFrom', value: undefined, reason: 'is missing, and the service admits nobody', fix };
  } else if (admitFrom !== undefined && allowFrom === undefined) {
    const fix = 'Leave it out, or limit the callers with allowFrom of the service.';
    yield { prop: 'admitFrom', value: admitFrom, reason: 'has no effect: the service admits everyone', fix };
  } else if (admitFrom?.length === 0) {
    yield { prop: 'admitFrom', value: admitFrom, reason: 'names nobody', fix: 'Name pods, or leave it out.' };
  }
}

/**
 * Admits the pods that send the requests of a route, with a NetworkPolicy beside that of the service: what either
 * admits may connect.
 *
 * @explains NetworkPolicy/*-gateway
 * @explains NetworkPolicy/*-ingress
 * @without The service admits only those in `allowFrom`, and every request of the route times out.
 */
export function admit(
  scope: Construct,
  { service, suffix, grpc }: { service: PredictionService; suffix: string; grpc: boolean },
  { admitFrom }: Admission,
): k8s.KubeNetworkPolicy | undefined {
  if (admitFrom === undefined) return undefined;
  const { name } = service.resolved;
  const open = [ports.http, ...(grpc ? [ports.grpc] : [])];
  const policy = new k8s.KubeNetworkPolicy(scope, 'admission', {
    metadata: { name: `${name}-${suffix}`, namespace: service.namespace, labels: objectLabels(name) },
    spec: {
      podSelector: { matchLabels: { [instanceLabel]: name } },
      /**
       * The policy only adds who may connect to the pods; what they may connect to is in that of the service.
       *
       * @explains NetworkPolicy/*-gateway.spec.policyTypes
       * @explains NetworkPolicy/*-ingress.spec.policyTypes
       * @without The default is the same, since the policy has no rules for egress.
       */
      policyTypes: ['Ingress'],
      ingress: [
        {
          from: [...admitFrom],
          ports: open.map((port) => ({ port: k8s.IntOrString.fromString(port.name), protocol: 'TCP' })),
        },
      ],
    },
  });
  patchAsWritten(policy);
  return policy;
}
