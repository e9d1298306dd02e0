import { ApiObject } from 'cdk8s';
import type { k8s } from 'cdk8s-plus-27';
import { Construct } from 'constructs';
import type { PredictionService } from '../constructs/prediction-service.ts';
import { objectLabels } from '../metadata/labels.ts';
import { patchAsWritten } from '../metadata/patches.ts';
import { findMistypedProps } from '../props/checks/types.ts';
import { InvalidPropsError } from '../props/invalid-props-error.ts';
import { ports } from '../../service/contract/index.ts';
import { admit } from './admission.ts';
import { findInvalidRoutes, gatewayRoutesTypes } from './gateway-checks.ts';
import type { GatewayRoutesProps, ParentRef } from './gateway-props.ts';

const apiVersion = 'gateway.networking.k8s.io/v1';

/** Seconds after the service's own timeout, so that its response, which says why, arrives first. */
const patienceSeconds = 5;

/** The status with which a replica refuses what it has no room for. Another one may have. */
const defaultRetriedCodes = [503];

/**
 * Routes requests from a Gateway to a service: an HTTPRoute and, with `grpc`, a GRPCRoute. Timeouts follow that of the
 * service. Needs the Gateway API 1.2 or newer and a Gateway in the cluster.
 *
 * @explains HTTPRoute
 * @explains GRPCRoute
 * @without The Gateway routes no request to the service.
 * @throws {InvalidPropsError} if a prop would not work on a cluster
 */
export class GatewayRoutes extends Construct {
  /** The HTTPRoute. */
  readonly httpRoute: ApiObject;
  /** The GRPCRoute. Undefined without `grpc`. */
  readonly grpcRoute: ApiObject | undefined;
  /** Admits the gateway. Undefined without `admitFrom`. */
  readonly networkPolicy: k8s.KubeNetworkPolicy | undefined;

  constructor(scope: Construct, id: string, props: GatewayRoutesProps) {
    super(scope, id);
    const mistyped = findMistypedProps(props, gatewayRoutesTypes, ['service', 'parentRefs']);
    if (mistyped.length > 0) throw new InvalidPropsError('GatewayRoutes', mistyped);
    const { service, parentRefs, hostnames, grpc } = props;
    const { name } = service.resolved;
    const invalid = [...findInvalidRoutes(props)];
    if (invalid.length > 0) throw new InvalidPropsError(`GatewayRoutes of '${name}'`, invalid);

    const route = (
      kind: string,
      to: { parentRefs: readonly ParentRef[]; hostnames?: readonly string[] | undefined },
      rule: object,
    ): ApiObject => {
      const object = new ApiObject(this, kind, {
        apiVersion,
        kind,
        metadata: { name, namespace: service.namespace, labels: objectLabels(name) },
        spec: { parentRefs: to.parentRefs, ...(to.hostnames && { hostnames: to.hostnames }), rules: [rule] },
      });
      patchAsWritten(object);
      return object;
    };
    service.hasRoutes = true;
    this.httpRoute = route('HTTPRoute', { parentRefs, hostnames }, httpRule(props));
    this.grpcRoute =
      grpc &&
      route(
        'GRPCRoute',
        { parentRefs, hostnames, ...grpc },
        // A GRPCRoute has no timeouts: clients set a deadline for each call.
        { backendRefs: backends(service, ports.grpc.number) },
      );
    const admitted = { suffix: 'gateway', grpc: grpc !== undefined };
    this.networkPolicy = admit(this, { service, ...admitted }, props);
    const { split } = service;
    if (split?.by === 'gateway') admit(new Construct(this, 'canary'), { service: split.pods, ...admitted }, props);
  }
}

/**
 * The Services that get the requests: that of the service, and that of its canary, each with its weight.
 *
 * @explains HTTPRoute.spec.rules[].backendRefs.**
 * @explains GRPCRoute.spec.rules[].backendRefs.**
 * @without The gateway answers every request with 500 or UNAVAILABLE.
 */
function backends({ resolved, split }: PredictionService, port: number): readonly object[] {
  const { name } = resolved;
  if (split?.by !== 'gateway') return [{ name, port }];
  return [
    { name, port, weight: 100 - split.weight },
    { name: split.pods.resolved.name, port, weight: split.weight },
  ];
}

function httpRule({ service, pathPrefix = '/', timeoutSeconds, retries }: GatewayRoutesProps): object {
  const seconds = timeoutSeconds ?? defaultTimeout(service);
  return {
    matches: [{ path: { type: 'PathPrefix', value: pathPrefix } }],
    ...(pathPrefix !== '/' && {
      /**
       * Removes what all paths begin with, since the service knows its own paths only.
       *
       * @explains HTTPRoute.spec.rules[].filters.**
       * @without The service gets `/iris/predictions`, and returns 404.
       * @setBy GatewayRoutes.pathPrefix
       */
      filters: [{ type: 'URLRewrite', urlRewrite: { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/' } } }],
    }),
    timeouts: retries
      ? { request: `${seconds * (retries.attempts + 1)}s`, backendRequest: `${seconds}s` }
      : { request: `${seconds}s` },
    ...(retries && { retry: { attempts: retries.attempts, codes: retries.codes ?? defaultRetriedCodes } }),
    backendRefs: backends(service, service.servicePort),
  };
}

const defaultTimeout = ({ resolved }: PredictionService): number => resolved.requestTimeoutSeconds + patienceSeconds;
