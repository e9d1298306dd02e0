import type { PredictionService } from '../constructs/prediction-service.ts';
import type { Admission } from './admission.ts';

/** A Gateway, or one of its listeners. */
export interface ParentRef {
  /** Name of the Gateway. */
  readonly name: string;
  /**
   * Namespace of the Gateway. Its listeners must allow routes from the namespace of the service.
   * @default the namespace of the service
   */
  readonly namespace?: string;
  /**
   * Name of the listener.
   * @default every listener of the Gateway
   */
  readonly sectionName?: string;
  /**
   * Port of the listeners. 1 to 65535.
   * @default every port of the Gateway
   */
  readonly port?: number;
}

/** How a gateway repeats requests. */
export interface Retries {
  /** How often a request is repeated at most, 1 to 5. */
  readonly attempts: number;
  /**
   * Statuses after which it is repeated, 500 to 599. Connections that fail always count.
   * @default 503: the replica had no room for the request, which another one may have
   */
  readonly codes?: readonly number[];
}

/** Where gRPC is served. */
export interface GrpcRoute {
  /**
   * Hosts whose gRPC calls are routed. Gateways may refuse a GRPCRoute and an HTTPRoute for the same host at the same
   * listener, so these differ from those for HTTP, or `parentRefs` do.
   * @default the `hostnames` for HTTP
   */
  readonly hostnames?: readonly string[];
  /**
   * The Gateways, or listeners, that the calls come through.
   * @default the `parentRefs` for HTTP
   */
  readonly parentRefs?: readonly ParentRef[];
}

/** Props of GatewayRoutes. */
export interface GatewayRoutesProps extends Admission {
  /** The service that requests are routed to. */
  readonly service: PredictionService;

  /**
   * The Gateways, or listeners, that the requests come through. At least one.
   *
   * @explains HTTPRoute.spec.parentRefs.**
   * @explains GRPCRoute.spec.parentRefs.**
   * @without No Gateway routes the requests.
   * @setBy GatewayRoutes.parentRefs
   */
  readonly parentRefs: readonly ParentRef[];

  /**
   * Hosts whose requests are routed, such as `iris.example.com` or `*.example.com`.
   * @default those of the listeners
   * @explains HTTPRoute.spec.hostnames
   * @explains GRPCRoute.spec.hostnames
   * @without Requests for every host of the listeners are routed.
   * @setBy GatewayRoutes.hostnames
   */
  readonly hostnames?: readonly string[];

  /**
   * How the paths of requests begin. The gateway removes it: `/iris/predictions` is `/predictions` for the service.
   * @default '/'
   * @explains HTTPRoute.spec.rules[].matches.**
   * @without Requests for every path are routed.
   * @setBy GatewayRoutes.pathPrefix
   */
  readonly pathPrefix?: string;

  /**
   * Seconds that the gateway waits for the response to a request, or with `retries` to each of its attempts. More than
   * `requestTimeoutSeconds` of the service, or clients would get the gateway's error while the service still works.
   * @default requestTimeoutSeconds + 5
   * @explains HTTPRoute.spec.rules[].timeouts.**
   * @without The gateway's own timeout applies: a shorter one gives up while the service still works.
   * @setBy GatewayRoutes.timeoutSeconds
   */
  readonly timeoutSeconds?: number;

  /**
   * How the gateway repeats requests. Predictions change nothing, so that is safe. Before version 1.7 of the Gateway
   * API, only its experimental channel has the field, and clusters with the standard one refuse it.
   * @default none: the gateway's own
   * @explains HTTPRoute.spec.rules[].retry.**
   * @without The gateway repeats requests as it is configured, or not at all.
   * @setBy GatewayRoutes.retries
   */
  readonly retries?: Retries;

  /**
   * Also routes gRPC, with a GRPCRoute.
   * @default none: gRPC is not routed
   */
  readonly grpc?: GrpcRoute;
}
