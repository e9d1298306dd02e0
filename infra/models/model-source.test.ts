import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { at, minimalProps, only, predictionService, problemsOf, type Manifest } from '../fixtures/manifests.ts';
import { newestKubernetesVersion } from '../kubernetes-schemas/versions.ts';
import { InvalidPropsError } from '../props/invalid-props-error.ts';
import type { PredictionServiceProps } from '../props/prediction-service-props.ts';
import { modelNameOf } from './downloads.ts';
import type { ModelDownload, ModelImage, ModelSource } from './model-source.ts';

const pod = 'spec.template.spec';
const container = `${pod}.containers.0`;
const iris = join(import.meta.dirname, '../../models/iris');
const sha256 = 'ab'.repeat(32);
const url = 'https://models.example.com/iris.tar.gz';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'models-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function withModels(models: ModelSource, props: Partial<PredictionServiceProps> = {}): readonly Manifest[] {
  const manifests = predictionService({ models, ...props });
  expect(problemsOf(manifests, [props.kubernetesVersion ?? '1.30', newestKubernetesVersion])).toEqual([]);
  return manifests;
}
const deployment = (models: ModelSource, props?: Partial<PredictionServiceProps>): Manifest =>
  only(withModels(models, props), 'Deployment');
const egress = (models: ModelSource): unknown => at(only(withModels(models), 'NetworkPolicy'), 'spec.egress');
const dnsOnly = at(only(predictionService(), 'NetworkPolicy'), 'spec.egress') as readonly unknown[];

describe('an image', () => {
  const reference = `registry.example.com/iris-models@sha256:${sha256}`;
  const mounted = (others: Partial<ModelImage> = {}, props: Partial<PredictionServiceProps> = {}) =>
    deployment({ image: reference, ...others }, { kubernetesVersion: '1.35', ...props });

  test('is mounted over the models of the service, read-only, as one volume', () => {
    const manifest = mounted();
    expect(at(manifest, `${pod}.volumes.2`)).toEqual({ name: 'models', image: { reference, pullPolicy: 'Always' } });
    expect(at(manifest, `${container}.volumeMounts.2`)).toEqual({
      name: 'models',
      mountPath: '/app/models',
      readOnly: true,
    });
    expect(at(manifest, `${container}.image`)).toBe(minimalProps.image);
    expect(at(manifest, `${pod}.initContainers`)).toBeUndefined();
  });

  test('has the pull policy of the service, or its own', () => {
    const policy = `${pod}.volumes.2.image.pullPolicy`;
    expect(at(mounted({}, { imagePullPolicy: 'Never' }), policy)).toBe('Never');
    expect(at(mounted({ pullPolicy: 'IfNotPresent' }), policy)).toBe('IfNotPresent');
  });

  test('with the feature gate, it can be used from 1.31 on', () => {
    expect(at(mounted({ featureGate: true }, { kubernetesVersion: '1.31' }), `${pod}.volumes.2.image`)).toBeDefined();
  });
});

test('a claim is mounted read-only, from its root', () => {
  const manifest = deployment({ claim: 'models' });
  expect(at(manifest, `${pod}.volumes.2`)).toEqual({
    name: 'models',
    persistentVolumeClaim: { claimName: 'models', readOnly: true },
  });
  expect(at(manifest, `${container}.volumeMounts.2`)).toEqual({
    name: 'models',
    mountPath: '/app/models',
    readOnly: true,
  });
});

describe('a download', () => {
  const init = `${pod}.initContainers.0`;

  test('an init container of the same image writes the volume, which the service reads', () => {
    const manifest = deployment({ url, sha256 });
    const main = at(manifest, container) as Record<string, unknown>;
    expect(at(manifest, init)).toEqual({
      name: 'download-models',
      image: minimalProps.image,
      imagePullPolicy: 'Always',
      command: ['node', '/app/service/download/main.js'],
      env: [
        { name: 'MODELS_URL', value: url },
        { name: 'MODELS_SHA256', value: sha256 },
        { name: 'MODELS_NAME', value: 'iris' },
        { name: 'MODELS_MAX_BYTES', value: '1073741824' },
      ],
      resources: main['resources'],
      securityContext: main['securityContext'],
      terminationMessagePolicy: 'FallbackToLogsOnError',
      volumeMounts: [{ name: 'models', mountPath: '/app/models' }],
    });
    expect(at(manifest, `${pod}.volumes.2`)).toEqual({ name: 'models', emptyDir: { sizeLimit: '1Gi' } });
    expect(at(main, 'volumeMounts.2')).toEqual({ name: 'models', mountPath: '/app/models', readOnly: true });
  });

  test('its disk space is part of what the pod requests, or the node would evict it', () => {
    const disk = (given: ModelDownload, props?: Partial<PredictionServiceProps>) => {
      const { requests, limits } = at(deployment(given, props), `${container}.resources`) as {
        readonly requests: Record<string, string>;
        readonly limits: Record<string, string>;
      };
      return [requests['ephemeral-storage'], limits['ephemeral-storage']];
    };
    expect(disk({ url, sha256 })).toEqual(['1088Mi', '1280Mi']);
    const ephemeralStorage = { request: '1Gi', limit: '2Gi' };
    expect(disk({ url, sha256, sizeLimit: '500M' }, { resources: { ephemeralStorage } })).toEqual(['1501Mi', '2525Mi']);
  });

  const everyProp: Required<ModelDownload> = {
    url: 'http://storage.models.svc:9000/bucket/wine.onnx',
    sha256,
    name: 'burgundy',
    secret: 'storage-keys',
    region: 'eu-central-2',
    privateNetwork: true,
    podPort: 9001,
    sizeLimit: '2Gi',
  };

  test('every prop reaches the manifests', () => {
    const manifests = withModels(everyProp);
    const manifest = only(manifests, 'Deployment');
    expect(at(manifest, `${init}.env`)).toEqual([
      { name: 'MODELS_URL', value: everyProp.url },
      { name: 'MODELS_SHA256', value: sha256 },
      { name: 'MODELS_NAME', value: 'burgundy' },
      { name: 'MODELS_MAX_BYTES', value: '2147483648' },
      { name: 'MODELS_ALLOWED_ADDRESSES', value: '10.0.0.0/8,100.64.0.0/10,172.16.0.0/12,192.168.0.0/16,fc00::/7' },
      { name: 'MODELS_REGION', value: 'eu-central-2' },
      { name: 'MODELS_CREDENTIALS_DIR', value: '/var/run/secrets/rhizome-models' },
    ]);
    expect(at(manifest, `${pod}.volumes.2.emptyDir.sizeLimit`)).toBe('2Gi');
    expect(at(manifest, `${pod}.volumes.3`)).toEqual({
      name: 'models-credentials',
      secret: { secretName: 'storage-keys' },
    });
    expect(at(manifest, `${init}.volumeMounts.1`)).toEqual({
      name: 'models-credentials',
      mountPath: '/var/run/secrets/rhizome-models',
      readOnly: true,
    });
    // The service itself does not get the credentials.
    expect(JSON.stringify(at(manifest, container))).not.toContain('models-credentials');
    expect(at(only(manifests, 'NetworkPolicy'), 'spec.egress.1')).toEqual({
      to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'models' } } }],
      ports: [{ port: 9001, protocol: 'TCP' }],
    });
  });

  test('the pods may connect to its port at every public address', () => {
    const [, rule, ...others] = egress({ url, sha256 }) as readonly object[];
    expect(others).toEqual([]);
    expect(rule).toMatchObject({ ports: [{ port: 443, protocol: 'TCP' }] });
    expect(JSON.stringify(rule)).toContain('"169.254.0.0/16"');
  });

  test('a certificate authority of your own is also mounted there', () => {
    const manifest = deployment(
      { url, sha256 },
      {
        volumes: { ca: { configMap: 'ca', mountPath: '/etc/own' } },
        env: { NODE_EXTRA_CA_CERTS: '/etc/own/ca.pem' },
      },
    );
    expect(at(manifest, `${init}.env.4`)).toEqual({ name: 'NODE_EXTRA_CA_CERTS', value: '/etc/own/ca.pem' });
    expect(at(manifest, `${init}.volumeMounts.1`)).toEqual({ name: 'ca', mountPath: '/etc/own', readOnly: true });
  });

  test('another checksum changes the pods, and nothing else', () => {
    const [before, after] = [sha256, 'cd'.repeat(32)].map((sum) => withModels({ url, sha256: sum }));
    const changed = before!.filter((manifest, index) => JSON.stringify(manifest) !== JSON.stringify(after![index]));
    expect(changed.map(({ kind }) => kind)).toEqual(['Deployment']);
  });

  test.each([
    ['https://example.com/iris.onnx', 'iris'],
    ['https://example.com/releases/wine-2.tar.gz', 'wine-2'],
    ['https://example.com/wine.tgz', 'wine'],
    ['https://example.com/wine', 'wine'],
  ])('the model of %s is called %s', (text, name) => {
    expect(modelNameOf(text)).toBe(name);
  });
});

describe('a ConfigMap', () => {
  const maps = (manifests: readonly Manifest[]): readonly Manifest[] =>
    manifests.filter(({ kind, binaryData }) => kind === 'ConfigMap' && binaryData !== undefined);

  test('contains the files of the model, is immutable, and is mounted as a models folder', () => {
    const manifests = withModels({ configMap: iris });
    const [map] = maps(manifests);
    expect(map!.metadata.name).toMatch(/^iris-server-models-[\da-f]{10}$/);
    expect(map!['immutable']).toBe(true);
    expect(Object.keys(map!['binaryData'] as object)).toEqual(['iris__model.json', 'iris__model.onnx']);
    expect(at(only(manifests, 'Deployment'), `${pod}.volumes.2`)).toEqual({
      name: 'models',
      configMap: {
        name: map!.metadata.name,
        items: [
          { key: 'iris__model.json', path: 'iris/model.json' },
          { key: 'iris__model.onnx', path: 'iris/model.onnx' },
        ],
      },
    });
  });

  test('is named after its content: a changed model changes the pods, and the same one does not', () => {
    cpSync(iris, join(folder, 'iris'), { recursive: true });
    const name = (): string => maps(withModels({ configMap: join(folder, 'iris') }))[0]!.metadata.name;
    const before = name();
    expect(before).toBe(maps(withModels({ configMap: iris }))[0]!.metadata.name);
    expect(name()).toBe(before);
    writeFileSync(join(folder, 'iris/model.json'), '{}');
    expect(name()).not.toBe(before);
  });

  test('versions and several models are allowed', () => {
    cpSync(iris, join(folder, 'iris/2'), { recursive: true });
    cpSync(iris, join(folder, 'wine'), { recursive: true });
    const items = at(deployment({ configMap: folder }), `${pod}.volumes.2.configMap.items`) as { path: string }[];
    expect(items.map(({ path }) => path)).toContain('iris/2/model.onnx');
    expect(items.map(({ path }) => path)).toContain('wine/model.onnx');
  });

  test('of more than 1 MiB is refused', () => {
    mkdirSync(join(folder, 'large'));
    writeFileSync(join(folder, 'large/model.onnx'), Buffer.alloc(2 ** 20 - 5));
    expect(() => withModels({ configMap: join(folder, 'large') })).toThrow(
      'has 1048588 bytes, more than the 1048576 of a ConfigMap.\n    Use models.image, models.url or models.claim.',
    );
  });

  test('whose entries would have the same name is refused', () => {
    for (const name of ['a+b', 'a b']) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, 'model.onnx'), '');
    }
    expect(() => withModels({ configMap: folder })).toThrow('two files that would be the same entry');
  });
});

test('only a download needs a connection, and without a source nothing changes', () => {
  expect(egress({ claim: 'models' })).toEqual(dnsOnly);
  expect(egress({ configMap: iris })).toEqual(dnsOnly);
  expect(predictionService().some(({ kind, binaryData }) => kind === 'ConfigMap' && binaryData !== undefined)).toBe(
    false,
  );
});

test('the default model may be in the source', () => {
  expect(() => withModels({ claim: 'models' }, { settings: { DEFAULT_MODEL: 'wine' } })).not.toThrow();
});

const good = { url, sha256 };
test.each<[prop: string, models: object, message: string]>([
  ['models', {}, 'has no source.\n    Use one of image, claim, url and configMap'],
  ['models', { image: 'a:v1', claim: 'models' }, 'has several sources'],
  ['models.pul', { image: 'a:v1', pul: 'Never' }, 'there is no such prop'],
  ['models.pullPolicy', { image: 'a:v1', pullPolicy: 'never' }, 'is not one of Always, IfNotPresent, Never'],
  ['models.image', { image: 'a' }, 'names neither a version nor a digest'],
  ['models.image', { image: 'a:latest' }, 'Use the reference that `rhizome push-model` prints'],
  ['models.image', { image: 'A:v1' }, 'is not a valid image reference'],
  ['models.image', { image: 'a:v1' }, 'needs Kubernetes 1.35, but kubernetesVersion is 1.30'],
  ['models.image', { image: 'a:v1', featureGate: true }, 'needs Kubernetes 1.31, but kubernetesVersion is 1.30'],
  ['models.claim', { claim: 'My Models' }, 'is not a valid name in Kubernetes'],
  ['models.claim', { claim: 1 }, 'is not a text'],
  ...['/absolute', '../out', 'a/../../b', 'a/', '.', '', 'a//b'].map((path): [string, object, string] => [
    'models.path',
    { claim: 'models', path },
    'is not a path below the root of the volume',
  ]),
  ['models.sha256', { url }, 'is missing'],
  ['models.sha256', { url, sha256: 'AB'.repeat(32) }, 'is not a SHA-256'],
  ['models.url', { url: 'ftp://example.com/a', sha256 }, 'is not an http or https URL'],
  ['models.url', { url: 's3://bucket/key', sha256 }, 'https://BUCKET.s3.REGION.amazonaws.com/KEY'],
  ['models.url', { url: `${url}?X-Amz-Signature=hush`, sha256 }, '"(hidden)" has a user, a query or a fragment'],
  ['models.url', { url: 'https://me:hush@example.com/a', sha256 }, '"(hidden)" has a user, a query or a fragment'],
  ['models.url', { url: 'http://example.com/a', sha256, secret: 'token' }, 'would send the credentials unencrypted'],
  ['models.name', { url: 'https://example.com/', sha256 }, 'is not the name of a model, nor is that in the URL'],
  ['models.name', { ...good, name: '../iris' }, 'is not the name of a model'],
  ['models.secret', { ...good, secret: 'My Token' }, 'is not a valid name'],
  ['models.podPort', { ...good, podPort: 70000 }, 'is not a port'],
  ['models.sizeLimit', { ...good, sizeLimit: '0' }, 'is not a quantity above zero'],
  ['models.privateNetwork', { ...good, privateNetwork: 'yes' }, 'is not true or false'],
  ['models.configMap', { configMap: 'nowhere' }, 'is not a folder with models'],
])('%s: an invalid value is refused (%j)', (prop, models, message) => {
  const build = (): unknown => predictionService({ models: models as ModelSource });
  expect(build).toThrow(InvalidPropsError);
  expect(build).toThrow(`\n  ${prop}: `);
  expect(build).toThrow(message);
  expect(build).not.toThrow('hush');
});

test('a feature gate is refused once every cluster has it', () => {
  expect(() => predictionService({ models: { image: 'a:v1', featureGate: true }, kubernetesVersion: '1.35' })).toThrow(
    'models.featureGate: true has no effect from Kubernetes 1.35 on',
  );
});

test.each([
  ['models', '/etc/own'],
  ['own', '/app/models'],
  ['own', '/app/models/iris'],
])('a volume %s at %s is refused beside a source', (name, mountPath) => {
  expect(() =>
    predictionService({ models: { claim: 'models' }, volumes: { [name]: { configMap: 'own', mountPath } } }),
  ).toThrow(`volumes.${name}: `);
});
