import { k8s } from 'cdk8s-plus-27';
import { Construct } from 'constructs';
import type { PredictionService } from '../constructs/prediction-service.ts';
import { objectLabels } from '../metadata/labels.ts';
import { isAnnotationKey } from '../metadata/names.ts';
import { patchAsWritten } from '../metadata/patches.ts';
import { findMistypedProps, type PropTypes } from '../props/checks/types.ts';
import { InvalidPropsError, type InvalidProp } from '../props/invalid-props-error.ts';
import { admit, checkAdmission, type Admission } from './admission.ts';
import { checkObjectNames } from '../props/checks/names.ts';
import { checkHostnames } from './hostnames.ts';

/** Props of IngressRoute. */
export interface IngressRouteProps extends Admission {
  /** The service that requests are routed to. */
  readonly service: PredictionService;

  /**
   * Hosts whose requests are routed, such as `iris.example.com` or `*.example.com`. At least one.
   *
   * @explains Ingress.spec.rules[].host
   * @without Requests for every host are routed, also those that another service expects.
   * @setBy IngressRoute.hostnames
   */
  readonly hostnames: readonly string[];

  /**
   * Name of the IngressClass, which says which controller routes the requests.
   * @default the cluster's default class
   * @explains Ingress.spec.ingressClassName
   * @without The controller of the cluster's default class routes the requests, or none if there is no such class.
   * @setBy IngressRoute.className
   */
  readonly className?: string;

  /**
   * Name of the Secret with the certificate for the hosts.
   * @default `<name>-tls`
   * @explains Ingress.spec.tls.**
   * @without Requests are not encrypted, and API keys are sent in plain text.
   * @setBy IngressRoute.tlsSecret
   */
  readonly tlsSecret?: string;

  /**
   * Name of cert-manager's ClusterIssuer, which issues the certificate and renews it.
   * @default none: the Secret is created otherwise
   * @explains Ingress.metadata.annotations["cert-manager.io/cluster-issuer"]
   * @without cert-manager issues no certificate: the Secret must come from elsewhere.
   * @setBy IngressRoute.clusterIssuer
   */
  readonly clusterIssuer?: string;

  /**
   * Whether requests are not encrypted, because something in front of the controller ends TLS. API keys are sent in
   * plain text then.
   * @default false
   */
  readonly plainHttp?: boolean;

  /**
   * How the paths of requests begin that are routed. The service gets them unchanged, since an Ingress cannot change
   * them: `/iris` does not work.
   * @default ['/']
   * @explains Ingress.spec.rules[].http.paths[].path
   * @explains Ingress.spec.rules[].http.paths[].pathType
   * @without Kubernetes refuses the Ingress.
   * @setBy IngressRoute.paths
   */
  readonly paths?: readonly string[];

  /**
   * Annotations for the controller, such as its timeouts: more than `requestTimeoutSeconds` of the service. Most
   * controllers wait for 60 seconds.
   * @default none
   * @explains Ingress.metadata.annotations.*
   * @without The controller uses its own settings.
   * @setBy IngressRoute.annotations
   */
  readonly annotations?: Readonly<Record<string, string>>;
}

const types: PropTypes<IngressRouteProps> = {
  service: 'object',
  hostnames: 'list of texts',
  className: 'text',
  tlsSecret: 'text',
  clusterIssuer: 'text',
  plainHttp: 'true or false',
  paths: 'list of texts',
  annotations: 'object',
  admitFrom: 'list',
};

/**
 * Routes HTTP requests to a service with an Ingress, encrypted by default. Prefer GatewayRoutes: an Ingress has neither
 * timeouts nor gRPC except by annotations of the controller, and its most used controller, ingress-nginx, is retired.
 *
 * @explains Ingress
 * @without The Ingress controller routes no request to the service.
 * @throws {InvalidPropsError} if a prop would not work on a cluster
 */
export class IngressRoute extends Construct {
  /** The Ingress. */
  readonly ingress: k8s.KubeIngress;
  /** Admits the controller. Undefined without `admitFrom`. */
  readonly networkPolicy: k8s.KubeNetworkPolicy | undefined;

  constructor(scope: Construct, id: string, props: IngressRouteProps) {
    super(scope, id);
    const mistyped = findMistypedProps(props, types, ['service', 'hostnames']);
    if (mistyped.length > 0) throw new InvalidPropsError('IngressRoute', mistyped);
    const { service, hostnames, className, clusterIssuer, plainHttp = false, paths = ['/'] } = props;
    const { name } = service.resolved;
    const { tlsSecret = `${name}-tls` } = props;
    const invalid = [...findInvalid(props)];
    if (invalid.length > 0) throw new InvalidPropsError(`IngressRoute of '${name}'`, invalid);

    const annotations = {
      ...props.annotations,
      ...(clusterIssuer !== undefined && { 'cert-manager.io/cluster-issuer': clusterIssuer }),
    };
    /**
     * The port of the Service that gets the requests.
     *
     * @explains Ingress.spec.rules[].http.paths[].backend.**
     * @without Kubernetes refuses the Ingress.
     */
    const http = { paths: paths.map((path) => ({ path, pathType: 'Prefix', backend: service.ingressBackend })) };
    this.ingress = new k8s.KubeIngress(this, 'ingress', {
      metadata: {
        name,
        namespace: service.namespace,
        labels: objectLabels(name),
        ...(Object.keys(annotations).length > 0 && { annotations }),
      },
      spec: {
        ...(className !== undefined && { ingressClassName: className }),
        ...(!plainHttp && { tls: [{ hosts: [...hostnames], secretName: tlsSecret }] }),
        rules: hostnames.map((host) => ({ host, http })),
      },
    });
    patchAsWritten(this.ingress);
    this.networkPolicy = admit(this, { service, suffix: 'ingress', grpc: false }, props);
  }
}

function* findInvalid(props: IngressRouteProps): Generator<InvalidProp> {
  const { service, hostnames, className, tlsSecret, clusterIssuer, plainHttp, paths = ['/'], annotations = {} } = props;
  if (hostnames.length === 0)
    yield { prop: 'hostnames', value: hostnames, reason: 'names no host', fix: 'Name at least one.' };
  yield* checkHostnames('hostnames', hostnames);
  yield* checkObjectNames({ className, tlsSecret, clusterIssuer });
  for (const [prop, value] of Object.entries({ tlsSecret, clusterIssuer })) {
    if (!plainHttp || value === undefined) continue;
    yield { prop, value, reason: 'has no effect with plainHttp', fix: 'Leave out one of the two.' };
  }
  if (paths.length === 0) yield { prop: 'paths', value: paths, reason: 'names no path', fix: "Use ['/'] for all." };
  for (const [index, value] of paths.entries()) {
    if (/^\/([\w.~-]+(\/[\w.~-]+)*\/?)?$/.test(value)) continue;
    const fix = "Use a path that the service has, such as '/predictions'.";
    yield { prop: `paths.${index}`, value, reason: 'is not a path', fix };
  }
  for (const [key, value] of Object.entries(annotations as Readonly<Record<string, unknown>>)) {
    if (isAnnotationKey(key) && typeof value === 'string') continue;
    const fix = "Use a valid key, and a text in quotes: 'haproxy.org/timeout-server': '20s'.";
    yield { prop: `annotations.${key}`, value, reason: 'is not an annotation', fix };
  }
  yield* checkAdmission(service, props);
}
