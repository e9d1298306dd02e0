import { PredictionService } from '../constructs/prediction-service.ts';
import { at, minimalProps, only, problemsOf, synthesized, type Manifest } from '../fixtures/manifests.ts';
import { InvalidPropsError } from '../props/invalid-props-error.ts';
import type { PredictionServiceProps } from '../props/prediction-service-props.ts';
import { ExternalApiKey, type ExternalApiKeyProps } from './external-api-key.ts';

const minimal = { store: 'vault', keys: [{ key: 'prod/iris' }] };
const externalKey = (props: object = {}, service: Partial<PredictionServiceProps> = {}): readonly Manifest[] =>
  synthesized((chart) => {
    new ExternalApiKey(chart, 'key', {
      service: new PredictionService(chart, 'service', { ...minimalProps, namespace: 'flowers', ...service }),
      ...minimal,
      ...props,
    });
  });

test('by default, it makes the Secret that the pods mount, from a store of the namespace', () => {
  const manifests = externalKey();
  expect(problemsOf(manifests)).toEqual([]);
  const secret = only(manifests, 'ExternalSecret');
  expect(secret).toEqual({
    apiVersion: 'external-secrets.io/v1',
    kind: 'ExternalSecret',
    metadata: {
      name: 'iris-server-api-key',
      namespace: 'flowers',
      labels: expect.objectContaining({ 'app.kubernetes.io/managed-by': 'rhizome' }) as unknown,
    },
    spec: {
      refreshInterval: '60s',
      secretStoreRef: { kind: 'SecretStore', name: 'vault' },
      target: {
        name: 'iris-server-api-key',
        creationPolicy: 'Owner',
        deletionPolicy: 'Retain',
        template: { engineVersion: 'v2', data: { 'api-key': '{{ .key0 }}' } },
      },
      data: [{ secretKey: 'key0', remoteRef: { key: 'prod/iris' } }],
    },
  });
  expect(at(only(manifests, 'Deployment'), 'spec.template.spec.volumes.1.secret.secretName')).toBe(
    at(secret, 'spec.target.name'),
  );
});

test('every prop reaches the manifest', () => {
  const manifests = externalKey(
    {
      store: 'cloud.eu',
      storeKind: 'ClusterSecretStore',
      keys: [
        { key: 'iris', property: 'old', version: '7' },
        { key: 'iris', property: 'new' },
      ],
      refreshSeconds: 300,
    },
    { apiKeySecret: 'machines', jwt: { issuer: 'a', audience: 'b', jwksUrl: 'https://login.example.com/jwks' } },
  );
  expect(problemsOf(manifests)).toEqual([]);
  expect(at(only(manifests, 'ExternalSecret'), 'spec')).toMatchObject({
    refreshInterval: '300s',
    secretStoreRef: { kind: 'ClusterSecretStore', name: 'cloud.eu' },
    target: { name: 'machines', template: { data: { 'api-key': '{{ .key0 }}\n{{ .key1 }}' } } },
    data: [
      { secretKey: 'key0', remoteRef: { key: 'iris', property: 'old', version: '7' } },
      { secretKey: 'key1', remoteRef: { key: 'iris', property: 'new' } },
    ],
  });
});

const jwt = { issuer: 'a', audience: 'b', jwksUrl: 'https://login.example.com/jwks' };
type Refused = readonly [props: object, message: RegExp, service: Partial<PredictionServiceProps>];
test.each<Refused>([
  [{ store: undefined }, /store: undefined is missing/, {}],
  [{ store: 'My_Vault' }, /store: "My_Vault" is not a valid name/, {}],
  [{ storeKind: 'Vault' }, /storeKind: "Vault" is not one of SecretStore, ClusterSecretStore/, {}],
  [{ keys: [] }, /keys: \[\] is empty/, {}],
  [{ keys: ['hunter2'] }, /keys\.0: "\(hidden\)" is not an object/, {}],
  [{ keys: [{ property: 'a' }] }, /keys\.0\.key: undefined is missing/, {}],
  [{ keys: [{ key: 'a', versoin: '1' }] }, /keys\.0\.versoin: [^]*Did you mean version/, {}],
  [{ refreshSeconds: 0 }, /refreshSeconds: 0 is out of range/, {}],
  [{ secretStore: 'vault' }, /secretStore: .* there is no such prop/, {}],
  [{}, /has no Secret with an API key, since jwt is set/, { jwt }],
  [{}, /would accept everyone\.\n +Remove its prop unauthenticated/, { unauthenticated: 'a demo' }],
])('invalid props are refused (%j)', (props, message, service) => {
  const build = (): unknown => externalKey(props, service);
  expect(build).toThrow(InvalidPropsError);
  expect(build).toThrow(message);
});

test('without a service, it is refused', () => {
  const build = (): unknown =>
    synthesized((chart) => new ExternalApiKey(chart, 'key', minimal as unknown as ExternalApiKeyProps));
  expect(build).toThrow('service: undefined is missing');
});
