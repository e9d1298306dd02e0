/** What the API server refuses, or what breaks the pods, is refused at synthesis; and nothing else is. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Chart } from 'cdk8s';
import { PredictionChart } from '../../charts/prediction-chart.ts';
import { PredictionService } from '../../constructs/prediction-service.ts';
import { at, minimalProps, only, predictionService, synthesized } from '../../fixtures/manifests.ts';
import { findMissingDefaultModel } from './default-model.ts';
import { InvalidPropsError } from '../invalid-props-error.ts';

const container = 'spec.template.spec.containers.0';

/** Returns the first invalid prop of a service, as it is printed. */
function refusal(props: object): string {
  try {
    predictionService(props);
  } catch (error) {
    if (error instanceof InvalidPropsError) return error.message.split('\n').slice(1, 3).join('').trim();
    throw error;
  }
  return 'accepted';
}

const addresses = (cidr: unknown, except?: unknown) => ({
  allowFrom: [{ ipBlock: { cidr, ...(except !== undefined && { except }) } }],
});

test.each<readonly [props: object, message: RegExp]>([
  [{ startupSeconds: 3e9 }, /^startupSeconds: 3000000000 is too high\. .*from 1 to 2147483647 \(seconds\)/],
  [{ minReadySeconds: 3e9 }, /^minReadySeconds: 3000000000 is too high/],
  [{ lostNodeSeconds: 2 ** 31 }, /^lostNodeSeconds: 2147483648 is too high/],
  [{ replicas: 2 ** 31 }, /^replicas: 2147483648 is too high/],
  [{ allowFrom: [{}] }, /^allowFrom\.0: \{\} names nobody, which Kubernetes rejects\. .*is every pod/],
  [{ allowManagementFrom: [{}] }, /^allowManagementFrom\.0: /],
  [{ tracing: { endpoint: 'collector:4318' } }, /^tracing\.endpoint: "collector:4318" is not a URL of HTTP/],
  [{ tracing: { endpoint: 'http://me:secret@a.b.svc' } }, /^tracing\.endpoint: .*hidden.* has a user or a password/],
  [{ tracing: {} }, /^tracing\.endpoint: undefined is not a URL/],
  [{ tracing: { endpoint: 'http://a.b.svc', sampleRatio: 1.5 } }, /sampleRatio: 1\.5 .*Use a number from 0 to 1\./],
  [{ tracing: { endpoint: 'http://a.b.svc', podPort: 0 } }, /^tracing\.podPort: 0 is not a port/],
  [{ tracing: { endpoint: 'http://a.b.svc', headersSecret: 'A b' } }, /headersSecret: .*not a valid name of a Secret/],
  [{ tracing: { endpoint: 'http://a.b.svc', attributes: { a: 1 } } }, /attributes\.a: 1 is not a text\. +.*'1'/],
  [{ tracing: { endpoint: 'http://a.b.svc', sample: 1 } }, /tracing\.sample: 1 is set, but there is no such prop/],
  [{ payloadLog: { to: 'file' } }, /^payloadLog\.to: "file" is not a URL of HTTP\. +Use 'stdout' or a URL/],
  [{ payloadLog: { to: 'stdout', maxBytes: 1 } }, /maxBytes: 1 .*Use a whole number from 256 to 1048576 \(bytes\)/],
  [{ payloadLog: { to: 'stdout', hash: ['age'] } }, /^payloadLog\.hash: .* needs a key/],
  [{ payloadLog: { to: 'stdout', redact: ['a,b'] } }, /^payloadLog\.redact\.0: "a,b" is not a name/],
  [{ settings: { PAYLOAD_LOG: 'stdout' } }, /^settings\.PAYLOAD_LOG: .*Use the prop payloadLog/],
  [{ settings: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://a' } }, /Use the prop tracing/],
  [{ allowFrom: [{ podSelecter: {} }] }, /has a field that peers do not have, podSelecter\. +Use podSelector\./],
  [{ allowFrom: [{ podSelector: {}, ipBlock: { cidr: '10.0.0.0/8' } }] }, /has both addresses and a selector/],
  [{ allowFrom: [{ podSelector: { app: 'shop' } }] }, /podSelector: .* has a field that selectors do not have, app/],
  [{ allowFrom: [{ podSelector: null }] }, /podSelector: null is not a selector/],
  [{ allowFrom: [{ podSelector: { matchLabels: { app: 'a b' } } }] }, /matchLabels\.app: "a b" is not a label/],
  [
    { allowFrom: [{ namespaceSelector: { matchExpressions: [{ key: 'a', operator: 'In', values: [] }] } }] },
    /namespaceSelector\.matchExpressions\.0: .* is not a requirement/,
  ],
  [addresses('10.0.0.0/33'), /^allowFrom\.0\.ipBlock\.cidr: "10\.0\.0\.0\/33" is not a range of addresses/],
  [addresses('2001:db8::/129'), /is not a range of addresses/],
  [addresses('10.0.0.300/8'), /is not a range of addresses/],
  [addresses('10.0.0.1'), /is not a range of addresses/],
  [addresses('10.0.0.1/8'), /is not a range of addresses/],
  [addresses('fe80::1/64'), /is not a range of addresses/],
  [addresses('::ffff:10.0.0.1/104'), /is not a range of addresses/],
  [addresses(undefined), /cidr: undefined is not a range/],
  [addresses('10.0.0.0/8', ['11.0.0.0/16']), /except\.0: "11\.0\.0\.0\/16" is not a part of 10\.0\.0\.0\/8/],
  [addresses('10.0.0.0/8', ['10.0.0.0/8']), /is not a part of/],
  [{ resources: { memory: { request: '256m', limit: '512m' } } }, /"256m" counts in fractions of a byte.*'256Mi'/],
  [{ resources: { memory: { request: '1Mi', limit: '2Mi' } } }, /"2Mi" is too little memory .*at least '64Mi'/],
  [{ resources: { cpu: { request: 'none', limit: 'none' } } }, /cpu\.request: "none" is not a quantity above zero/],
  [{ resources: { memory: { request: '1Gi', limit: 'none' } } }, /memory\.limit: "none" is not a quantity/],
  [{ resources: { cpu: { request: '1', limit: 2 } } }, /cpu\.limit: 2 is not a text\. .*quotes: '2'/],
  [{ resources: { gpu: {} } }, /^resources\.gpu: \{\} is set, but there is no such prop\. +Did you mean cpu\?/],
  [{ nodePort: 8080 }, /^nodePort: 8080 is not a valid node port/],
  [{ nodePort: 30080, nodePortRange: [20000, 20999] }, /from 20000 to 20999/],
  [{ nodePortRange: [2, 1] }, /^nodePortRange: \[2,1\] is not a range of ports/],
  [{ nodePortRange: [1] }, /is not a range of ports/],
  [{ grpcNodePort: 30081 }, /needs nodePort/],
  [{ nodePort: 30080, grpcNodePort: 30080 }, /is also the value of nodePort/],
  [{ replica: 3 }, /^replica: 3 is set, but there is no such prop\. +Did you mean replicas\?/],
  [{ apikey: 'hunter2' }, /^apikey: "\(hidden\)" is set, but/],
  [{ flavour: 'x' }, /Use one of these: name, image, /],
  [{ name: undefined }, /^name: undefined is missing/],
  [{ grpc: 'no' }, /^grpc: "no" is not true or false\. +Use true or false\./],
  [{ grpc: null }, /^grpc: null is not true or false/],
  [{ replicas: '2' }, /^replicas: "2" is not a number/],
  [{ name: 7 }, /^name: 7 is not a text/],
  [{ allowFrom: {} }, /^allowFrom: \{\} is not a list/],
  [{ settings: [] }, /^settings: \[\] is not an object/],
  [{ spread: 'required' }, /^spread: "required" is not an object\. +Use an object with nodes, zones\./],
  [{ spread: { nodes: 'always' } }, /^spread\.nodes: "always" is not one of required, preferred/],
  [{ imagePullPolicy: 'always' }, /is not one of Always, IfNotPresent, Never/],
  [{ imagePullSecrets: 'mine' }, /is not a list of texts/],
  [{ imagePullSecrets: ['my_secret'] }, /^imagePullSecrets\.0: "my_secret" is not a valid name/],
  [{ nodeSelector: { 'a b': 'c' } }, /^nodeSelector\.a b: "c" has a key that is not valid/],
  [{ tolerations: [{ operator: 'Sometimes' }] }, /^tolerations\.0: .* has an operator other than Equal and Exists/],
  [{ tolerations: [{ value: 'a' }] }, /has no key/],
  [
    { tolerations: [{ key: 'a', operator: 'Exists', value: 'b' }] },
    /has a value, which the operator Exists does not use/,
  ],
  [{ tolerations: [{ key: 'a', effect: 'Never' }] }, /has an effect other than NoSchedule, /],
  [{ tolerations: [{ key: 'a', tolerationSeconds: 3 }] }, /has seconds, which must be whole/],
  [{ tolerations: [{ keys: 'a' }] }, /has a field that tolerations do not have, keys/],
  [{ tolerations: [7] }, /is not a toleration/],
  [{ podLabels: { team: 'a b' } }, /^podLabels\.team: "a b" is not a valid value of a label/],
  [{ podLabels: { team: 7 } }, /^podLabels\.team: 7 is not a string/],
  [{ podLabels: { 'app.kubernetes.io/name': 'x' } }, /is a label that the service sets/],
  [{ podAnnotations: { 'a/b/c': 'x' } }, /has a key that is not valid/],
  [{ env: { 'A-B': 'x' } }, /is not a variable that a shell can set/],
  [{ env: { API_KEY: { secret: 'a', key: 'b' } } }, /^env\.API_KEY: "\(hidden\)" .*not allowed in env/],
  [{ env: { NODE_OPTIONS: '--inspect' } }, /^env\.NODE_OPTIONS: .*not allowed in env/],
  [{ env: { MY_TOKEN: 'hunter2' } }, /^env\.MY_TOKEN: "\(hidden\)" would be readable in the manifests/],
  [{ env: { LOG_LEVEL: 'loud' } }, /is a variable of the service\. +Use the prop settings/],
  [{ env: { SITE: 7 } }, /^env\.SITE: 7 is neither a text nor an entry/],
  [{ env: { SITE: { secret: 'a', configMap: 'b', key: 'c' } } }, /is neither a text nor an entry/],
  [{ kubernetesVersion: '1.29' }, /kubernetesVersion: "1\.29" is not one of 1\.30, .*, 1\.37/],
  [
    { trafficDistribution: 'PreferClose' },
    /^trafficDistribution: "PreferClose" needs Kubernetes 1\.31, but .* is 1\.30/,
  ],
  [{ trafficDistribution: 'PreferSameZone', kubernetesVersion: '1.34' }, /"PreferSameZone" needs Kubernetes 1\.35/],
  [{ trafficDistribution: 'PreferSameNode', kubernetesVersion: '1.31' }, /"PreferSameNode" needs Kubernetes 1\.35/],
  [{ trafficDistribution: 'Close' }, /is not one of PreferClose, PreferSameZone, PreferSameNode/],
  [{ hostUsers: false, kubernetesVersion: '1.32' }, /^hostUsers: false needs Kubernetes 1\.33, but .* is 1\.32/],
  [{ platforms: ['amd64'] }, /^platforms\.0: "amd64" is not a platform of an image for Linux/],
  [{ platforms: ['windows/amd64'] }, /is not a platform of an image for Linux/],
  [
    { platforms: ['linux/amd64'], nodeSelector: { 'kubernetes.io/arch': 'arm64' } },
    /^nodeSelector\.kubernetes\.io\/arch: "arm64" selects nodes on which an image for linux\/amd64 cannot run/,
  ],
  [{ accelerator: 'cuda', nodeSelector: { 'kubernetes.io/arch': 'arm64' } }, /on which the accelerator cannot run/],
  [{ accelerator: 'rocm' }, /^accelerator: "rocm" is not a kind of GPU that the service supports\. +Use 'cuda'\./],
  [{ accelerator: true }, /^accelerator: true is not a text or object/],
  [{ accelerator: { type: 'cuda', count: 0.5 } }, /^accelerator\.count: 0\.5 is not a number of GPUs/],
  [{ accelerator: { type: 'cuda', gpus: 1 } }, /^accelerator\.gpus: .* there is no such prop/],
  [
    { accelerator: { type: 'cuda', resource: 'gpu' } },
    /^accelerator\.resource: "gpu" is not a resource of a device plugin/,
  ],
  [
    { accelerator: { type: 'cuda', nodeSelector: { gpu: true } } },
    /^accelerator\.nodeSelector\.gpu: true is not a label/,
  ],
  [
    { accelerator: 'cuda', platforms: ['linux/arm64'] },
    /^platforms: \["linux\/arm64"\] has none that can use the accel/,
  ],
  [{ settings: { EXECUTION_PROVIDER: 'cuda' } }, /EXECUTION_PROVIDER: .* Use the prop accelerator/],
  [{ kubernetesVersion: 1.31 }, /kubernetesVersion: 1\.31 is not one of 1\.30/],
  [{ volumes: { tmp: { secret: 'a', mountPath: '/etc/a' } } }, /has the name of a volume that each pod has/],
  [{ volumes: { A: { secret: 'a', mountPath: '/etc/a' } } }, /has a name that is not valid/],
  [{ volumes: { a: { mountPath: '/etc/a' } } }, /does not have exactly one source/],
  [{ volumes: { a: { secret: 'a', claim: 'b', mountPath: '/etc/a' } } }, /does not have exactly one source/],
  [{ volumes: { a: { secret: 'a', mountPath: 'etc' } } }, /is not a path to mount at/],
  [{ volumes: { a: { secret: 'a', mountPath: '/var/run' } } }, /would hide \/var\/run\/secrets\/rhizome/],
  [{ volumes: { a: { secret: 'a', mountPath: '/app/' } } }, /would hide \/app/],
  [
    { volumes: { a: { secret: 'a', mountPath: '/etc/a' }, b: { secret: 'b', mountPath: '/etc/a/' } } },
    /^volumes\.b\.mountPath: .* would hide volumes\.a/,
  ],
])('%j is refused', (props, message) => {
  expect(refusal(props)).toMatch(message);
});

test.each<object>([
  { replicas: 0 },
  { tolerations: [{ operator: 'Exists' }, { key: 'a', value: 'b', effect: 'NoExecute', tolerationSeconds: 60 }] },
  {
    allowFrom: [
      {
        podSelector: { matchLabels: { 'a.b/c': '' }, matchExpressions: [{ key: 'a', operator: 'In', values: ['b'] }] },
      },
      { namespaceSelector: { matchExpressions: [{ key: 'a', operator: 'Exists' }] } },
    ],
  },
  { resources: { cpu: { request: '1', limit: 'none' }, memory: { request: '5e8', limit: '1e9' } } },
  { resources: { cpu: { limit: '2' } } },
  { image: `iris-server@sha512:${'0'.repeat(128)}` },
  { nodePort: 20080, nodePortRange: [20000, 20999] },
  { name: 'system-iris' },
  { allowFrom: [{ namespaceSelector: {} }, { ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } }] },
  { allowFrom: [{ ipBlock: { cidr: '::/0', except: ['2001:db8::/32'] } }, { ipBlock: { cidr: '0.0.0.0/0' } }] },
  {
    allowFrom: ['fe80::/64', '2001:db8:0:1::/64', '1:2:3:4:5:6:7:8/128', '10.0.0.1/32'].map((cidr) => ({
      ipBlock: { cidr },
    })),
  },
  { podLabels: { 'example.com/team': '' }, podAnnotations: { note: 'any text, even "this"' } },
  { grpc: false, nodePort: 30080, grpcNodePort: 30081 },
  { hostUsers: true },
  { hostUsers: false, kubernetesVersion: '1.33' },
  { trafficDistribution: 'PreferSameNode', kubernetesVersion: '1.35' },
])('%j is accepted', (props) => {
  expect(refusal(props)).toBe('accepted');
});

test('a prop that is undefined keeps its default, at any depth', () => {
  const props = {
    grpc: undefined,
    replicas: undefined,
    spread: { nodes: undefined },
    settings: { LOG_LEVEL: undefined },
  };
  const resources = { resources: { cpu: undefined, memory: { limit: undefined } } };
  expect(predictionService({ ...props, ...resources } as object)).toEqual(predictionService());
});

test('without a CPU limit, the threads follow the request', () => {
  const deployment = only(predictionService({ resources: { cpu: { request: '2', limit: 'none' } } }), 'Deployment');
  expect(at(deployment, `${container}.resources`)).toEqual({
    requests: { cpu: '2', memory: '256Mi', 'ephemeral-storage': '64Mi' },
    limits: { memory: '512Mi', 'ephemeral-storage': '256Mi' },
  });
  expect(at(deployment, `${container}.env.0.valueFrom.resourceFieldRef`)).toEqual({ resource: 'requests.cpu' });
});

test('nodePort opens no random port for gRPC: the headless Service alone has one', () => {
  const manifests = predictionService({ nodePort: 30080 });
  expect(at(only(manifests, 'Service'), 'spec.ports')).toEqual([expect.objectContaining({ name: 'http' })]);
  expect(at(only(manifests, 'headless Service'), 'spec.ports.0.name')).toBe('grpc');
});

test.each([
  ['iris-headless', 'iris'],
  ['iris', 'iris-headless'],
  ['iris', 'iris'],
])('%s beside %s is refused: two Services would have the same name', (first, second) => {
  const both = (namespace: string) =>
    synthesized((chart) => {
      new PredictionService(chart, 'first', { ...minimalProps, namespace, name: first });
      new PredictionService(chart, 'second', { ...minimalProps, namespace: 'flowers', name: second });
    });
  expect(() => both('flowers')).toThrow(/name: "\S+" would create a second Service iris\S* in the namespace flowers/);
  expect(both('elsewhere')).not.toEqual([]);
});

test('a default model that the project does not have is refused, unless it is mounted', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rhizome-models-'));
  for (const name of ['iris', 'wine']) mkdirSync(join(folder, name));
  const invalid = (props: object, models = folder) => [
    ...findMissingDefaultModel({ ...minimalProps, ...props }, models),
  ];
  const nope = { settings: { DEFAULT_MODEL: 'nope' } };
  expect(invalid(nope)).toEqual([
    {
      prop: 'settings.DEFAULT_MODEL',
      value: 'nope',
      reason: 'is not a model of this project',
      fix: 'models/ has iris, wine.',
    },
  ]);
  expect(invalid({ settings: { DEFAULT_MODEL: 'whine' } })[0]?.fix).toBe('Did you mean wine?');
  const volumes = { models: { claim: 'models', mountPath: '/app/models' } };
  for (const fine of [{}, { settings: { DEFAULT_MODEL: 'iris' } }, { ...nope, volumes }])
    expect(invalid(fine)).toEqual([]);
  expect(invalid(nope, join(folder, 'missing'))).toEqual([]);
  rmSync(folder, { recursive: true });
});

test('a chart names its own props too', () => {
  const chart = (props: object) =>
    synthesized((parent: Chart) => new PredictionChart(parent, 'test', { ...minimalProps, ...props }));
  expect(() => chart({ prioriti: 7 })).toThrow(/PredictionChart 'iris-server' [^]*Did you mean priority\?/);
  expect(() => chart({ createNamespace: 'yes' })).toThrow(/createNamespace: "yes" is not true or false/);
});
