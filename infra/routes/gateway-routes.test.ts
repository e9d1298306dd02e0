import { PredictionService } from '../constructs/prediction-service.ts';
import { at, minimalProps, only, problemsOf, synthesized } from '../fixtures/manifests.ts';
import { InvalidPropsError } from '../props/invalid-props-error.ts';
import type { PredictionServiceProps } from '../props/prediction-service-props.ts';
import type { GatewayRoutesProps } from './gateway-props.ts';
import { GatewayRoutes } from './gateway-routes.ts';

type Props = Omit<GatewayRoutesProps, 'service'>;
const gateway = { name: 'shared', namespace: 'gateways' };
const minimal: Props = { parentRefs: [gateway], hostnames: ['iris.example.com'] };
const grpc = { hostnames: ['grpc.iris.example.com'] };

function routed(props: Partial<Props> = {}, serviceProps: Partial<PredictionServiceProps> = {}) {
  const manifests = synthesized((chart) => {
    const service = new PredictionService(chart, 'service', { ...minimalProps, namespace: 'flowers', ...serviceProps });
    new GatewayRoutes(chart, 'routes', { service, ...minimal, ...props });
  });
  expect(problemsOf(manifests)).toEqual([]);
  return manifests;
}
const httpRoute = (props: Partial<Props> = {}, serviceProps: Partial<PredictionServiceProps> = {}) =>
  only(routed(props, serviceProps), 'HTTPRoute');
const rule = (props: Partial<Props> = {}) => at(httpRoute(props), 'spec.rules.0');

test('by default all HTTP requests are routed, and the gateway waits longer than the service', () => {
  const manifests = routed({}, { requestTimeoutSeconds: 20, gracePeriodSeconds: 60 });
  const labels = expect.objectContaining({ 'app.kubernetes.io/managed-by': 'rhizome' }) as unknown;
  expect(only(manifests, 'HTTPRoute')).toEqual({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: 'iris-server', namespace: 'flowers', labels },
    spec: {
      parentRefs: [gateway],
      hostnames: ['iris.example.com'],
      rules: [
        {
          matches: [{ path: { type: 'PathPrefix', value: '/' } }],
          timeouts: { request: '25s' },
          backendRefs: [{ name: 'iris-server', port: 80 }],
        },
      ],
    },
  });
  expect(manifests.filter(({ kind }) => kind === 'GRPCRoute' || kind === 'NetworkPolicy')).toHaveLength(1);
});

test.each<[keyof Props, Partial<Props>, string, unknown]>([
  ['parentRefs', { parentRefs: [{ name: 'a', sectionName: 'https', port: 443 }] }, 'spec.parentRefs.0.port', 443],
  ['hostnames', { hostnames: ['*.example.com'] }, 'spec.hostnames', ['*.example.com']],
  ['hostnames', { hostnames: undefined } as object, 'spec.hostnames', undefined],
  ['pathPrefix', { pathPrefix: '/iris' }, 'spec.rules.0.matches.0.path.value', '/iris'],
  [
    'pathPrefix',
    { pathPrefix: '/iris' },
    'spec.rules.0.filters',
    [{ type: 'URLRewrite', urlRewrite: { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/' } } }],
  ],
  ['timeoutSeconds', { timeoutSeconds: 16 }, 'spec.rules.0.timeouts', { request: '16s' }],
  ['retries', { retries: { attempts: 2 } }, 'spec.rules.0.timeouts', { request: '60s', backendRequest: '20s' }],
  ['retries', { retries: { attempts: 2 } }, 'spec.rules.0.retry', { attempts: 2, codes: [503] }],
  ['retries', { retries: { attempts: 1, codes: [502, 503] } }, 'spec.rules.0.retry.codes', [502, 503]],
])('%s reaches the HTTPRoute (%j)', (_prop, props, path, value) => {
  expect(at(httpRoute(props), path)).toEqual(value);
});

test('gRPC is routed for a host, or at a listener, of its own', () => {
  const route = only(routed({ grpc }), 'GRPCRoute');
  expect(route.spec).toEqual({
    parentRefs: [gateway],
    hostnames: ['grpc.iris.example.com'],
    rules: [{ backendRefs: [{ name: 'iris-server', port: 8001 }] }],
  });
  const listeners = {
    parentRefs: [{ ...gateway, sectionName: 'https' }],
    grpc: { parentRefs: [{ ...gateway, sectionName: 'grpc' }] },
  };
  expect(at(only(routed(listeners), 'GRPCRoute'), 'spec')).toMatchObject({
    parentRefs: [{ ...gateway, sectionName: 'grpc' }],
    hostnames: ['iris.example.com'],
  });
});

test('the backends are ports that the Service has', () => {
  const manifests = routed({ grpc });
  const ports = (at(only(manifests, 'Service'), 'spec.ports') as { port: number }[]).map(({ port }) => port);
  for (const kind of ['HTTPRoute', 'GRPCRoute'])
    expect(ports).toContain(at(only(manifests, kind), 'spec.rules.0.backendRefs.0.port'));
});

test('admitFrom admits the gateway to a service that limits its callers', () => {
  const own = [{ podSelector: { matchLabels: { app: 'shop' } } }];
  const admitFrom = [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'gateways' } } }];
  const policies = (props: Partial<Props>) =>
    routed({ admitFrom, ...props }, { allowFrom: own }).filter(({ kind }) => kind === 'NetworkPolicy');
  const [service, admission] = policies({});
  // Policies add up: neither takes away what the other admits.
  expect(at(service, 'spec.ingress.0.from')).toEqual(own);
  expect(admission?.metadata.name).toBe('iris-server-gateway');
  expect(admission?.spec).toEqual({
    podSelector: { matchLabels: { 'app.kubernetes.io/instance': 'iris-server' } },
    policyTypes: ['Ingress'],
    ingress: [{ from: admitFrom, ports: [{ port: 'http', protocol: 'TCP' }] }],
  });
  expect(at(policies({ grpc })[1], 'spec.ingress.0.ports.1')).toEqual({ port: 'grpc', protocol: 'TCP' });
});

test.each<[string, object, string]>([
  ['parentRefs', { parentRefs: [] }, '[] names no Gateway'],
  ['parentRefs.0', { parentRefs: [{}] }, 'is not a Gateway or a listener'],
  ['parentRefs.0', { parentRefs: [{ name: 'a', port: 0 }] }, 'is not a Gateway or a listener'],
  ['parentRefs.0', { parentRefs: [{ name: 'a', namespace: 'A' }] }, 'is not a Gateway or a listener'],
  ['parentRefs', { parentRefs: undefined }, 'is missing'],
  ['hostnames', { hostnames: [] }, '[] names no host'],
  ['hostnames.0', { hostnames: ['https://iris.example'] }, 'is not a name of a host'],
  ['pathPrefix', { pathPrefix: 'iris' }, '"iris" is not a path'],
  ['pathPrefix', { pathPrefix: '/iris/' }, 'Use a path without a slash at its end'],
  ['pathPrefix', { pathPrefix: '/a/../b' }, 'is not a path'],
  ['timeoutSeconds', { timeoutSeconds: 15 }, '15 is too short: the gateway would give up while the service may still'],
  ['timeoutSeconds', { timeoutSeconds: 100_000 }, 'Use a whole number of seconds, at most 99999.'],
  ['timeoutSeconds', { timeoutSeconds: 50_000, retries: { attempts: 1 } }, 'at most 49999.'],
  ['timeoutSeconds', { timeoutSeconds: 20.5 }, '20.5 is not a timeout that a route can have'],
  ['retries.attempts', { retries: { attempts: 0 } }, '0 is not a valid number of attempts'],
  ['retries.attempts', { retries: { attempts: 6 } }, 'Use a whole number from 1 to 5'],
  ['retries.codes', { retries: { attempts: 1, codes: [422] } }, '[422] are not statuses to repeat a request for'],
  ['retries.codes', { retries: { attempts: 1, codes: [503, 503] } }, 'Use different statuses'],
  ['retries.attempt', { retries: { attempt: 1 } }, 'Did you mean attempts?'],
  ['grpc', { grpc: {} }, 'is for the same host and listener as HTTP'],
  ['grpc', { hostnames: ['*.example.com'], grpc }, 'is for the same host and listener as HTTP'],
  ['grpc', { hostnames: undefined, grpc }, 'is for the same host and listener as HTTP'],
  ['grpc.hostnames', { grpc: { hostnames: [] } }, '[] names no host'],
  ['grpc.parentRefs.0', { grpc: { ...grpc, parentRefs: [{ name: '' }] } }, 'is not a Gateway or a listener'],
  ['admitFrom', { admitFrom: [{ namespaceSelector: {} }] }, 'has no effect: the service admits everyone'],
  ['admitFrom.0', { admitFrom: [{}] }, 'names nobody, which Kubernetes rejects'],
])('%s: an invalid value is refused (%j)', (prop, props, message) => {
  const build = (): unknown => routed(props);
  expect(build).toThrow(InvalidPropsError);
  expect(build).toThrow(`\n  ${prop}: `);
  expect(build).toThrow(message);
});

test.each<[string, object, Partial<PredictionServiceProps>, string]>([
  ['grpc', { grpc }, { grpc: false }, 'routes to a port that the service does not have'],
  ['admitFrom', {}, { allowFrom: [] }, 'undefined is missing, and the service admits nobody'],
  ['admitFrom', { admitFrom: [] }, { allowFrom: [] }, '[] names nobody'],
])('%s: what the service cannot do is refused (%j)', (prop, props, serviceProps, message) => {
  const build = (): unknown => routed(props, serviceProps);
  expect(build).toThrow(`\n  ${prop}: `);
  expect(build).toThrow(message);
});

test('an attempt never lasts longer than the request', () => {
  const { request, backendRequest } = (rule({ retries: { attempts: 3 } }) as { timeouts: Record<string, string> })
    .timeouts;
  expect(Number.parseInt(request!)).toBe(4 * Number.parseInt(backendRequest!));
});
