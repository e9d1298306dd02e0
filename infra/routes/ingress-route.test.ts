import { PredictionService } from '../constructs/prediction-service.ts';
import { at, minimalProps, only, problemsOf, synthesized } from '../fixtures/manifests.ts';
import { InvalidPropsError } from '../props/invalid-props-error.ts';
import type { PredictionServiceProps } from '../props/prediction-service-props.ts';
import { IngressRoute, type IngressRouteProps } from './ingress-route.ts';

type Props = Omit<IngressRouteProps, 'service'>;

function routed(props: Partial<Props> = {}, serviceProps: Partial<PredictionServiceProps> = {}) {
  const manifests = synthesized((chart) => {
    const service = new PredictionService(chart, 'service', { ...minimalProps, namespace: 'flowers', ...serviceProps });
    new IngressRoute(chart, 'route', { service, hostnames: ['iris.example.com'], ...props });
  });
  expect(problemsOf(manifests)).toEqual([]);
  return manifests;
}
const ingress = (props: Partial<Props> = {}) => only(routed(props), 'Ingress');

test('by default all requests to the host are routed, encrypted, by the default class', () => {
  const labels = expect.objectContaining({ 'app.kubernetes.io/managed-by': 'rhizome' }) as unknown;
  expect(ingress()).toEqual({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: 'iris-server', namespace: 'flowers', labels },
    spec: {
      tls: [{ hosts: ['iris.example.com'], secretName: 'iris-server-tls' }],
      rules: [
        {
          host: 'iris.example.com',
          http: {
            paths: [
              { path: '/', pathType: 'Prefix', backend: { service: { name: 'iris-server', port: { number: 80 } } } },
            ],
          },
        },
      ],
    },
  });
});

test.each<[keyof Props, Partial<Props>, string, unknown]>([
  ['hostnames', { hostnames: ['a.example', '*.b.example'] }, 'spec.tls.0.hosts', ['a.example', '*.b.example']],
  ['hostnames', { hostnames: ['a.example', '*.b.example'] }, 'spec.rules.1.host', '*.b.example'],
  ['className', { className: 'traefik' }, 'spec.ingressClassName', 'traefik'],
  ['tlsSecret', { tlsSecret: 'wildcard' }, 'spec.tls.0.secretName', 'wildcard'],
  [
    'clusterIssuer',
    { clusterIssuer: 'letsencrypt' },
    'metadata.annotations',
    { 'cert-manager.io/cluster-issuer': 'letsencrypt' },
  ],
  ['plainHttp', { plainHttp: true }, 'spec.tls', undefined],
  ['paths', { paths: ['/predictions', '/v2/'] }, 'spec.rules.0.http.paths.1.path', '/v2/'],
  [
    'annotations',
    { annotations: { 'haproxy.org/timeout-server': '20s' }, clusterIssuer: 'ca' },
    'metadata.annotations',
    { 'haproxy.org/timeout-server': '20s', 'cert-manager.io/cluster-issuer': 'ca' },
  ],
])('%s reaches the manifest (%j)', (_prop, props, path, value) => {
  expect(at(ingress(props), path)).toEqual(value);
});

test('admitFrom admits the controller to a service that admits nobody else', () => {
  const admitFrom = [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'traefik' } } }];
  const [, admission] = routed({ admitFrom }, { allowFrom: [] }).filter(({ kind }) => kind === 'NetworkPolicy');
  expect(admission?.metadata.name).toBe('iris-server-ingress');
  expect(at(admission, 'spec.ingress')).toEqual([{ from: admitFrom, ports: [{ port: 'http', protocol: 'TCP' }] }]);
});

test.each<[string, object, string]>([
  ['hostnames', { hostnames: [] }, '[] names no host'],
  ['hostnames', { hostnames: undefined }, 'is missing'],
  ['hostnames.0', { hostnames: ['iris.example:443'] }, 'is not a name of a host'],
  ['className', { className: 'Traefik' }, 'is not a valid name in Kubernetes'],
  ['tlsSecret', { tlsSecret: 'a_b' }, 'is not a valid name in Kubernetes'],
  ['tlsSecret', { tlsSecret: 'own', plainHttp: true }, 'has no effect with plainHttp'],
  ['clusterIssuer', { clusterIssuer: '' }, 'is not a valid name in Kubernetes'],
  ['clusterIssuer', { clusterIssuer: 'ca', plainHttp: true }, 'has no effect with plainHttp'],
  ['paths', { paths: [] }, '[] names no path'],
  ['paths.0', { paths: ['predictions'] }, '"predictions" is not a path'],
  ['annotations.a b', { annotations: { 'a b': 'c' } }, 'is not an annotation'],
  ['annotations.timeout', { annotations: { timeout: 20 } }, '20 is not an annotation'],
  ['admitFrom', { admitFrom: [{ namespaceSelector: {} }] }, 'has no effect: the service admits everyone'],
  ['host', { host: 'iris.example' }, 'is set, but there is no such prop'],
])('%s: an invalid value is refused (%j)', (prop, props, message) => {
  const build = (): unknown => routed(props);
  expect(build).toThrow(InvalidPropsError);
  expect(build).toThrow(`\n  ${prop}: `);
  expect(build).toThrow(message);
});
