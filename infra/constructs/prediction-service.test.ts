import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InvalidPropsError } from '../props/invalid-props-error.ts';
import type { PredictionServiceProps } from '../props/prediction-service-props.ts';
import { at, only, predictionService, problemsOf } from '../fixtures/manifests.ts';
import { isAtLeast, kubernetesVersions } from '../kubernetes-schemas/versions.ts';

const pod = 'spec.template.spec';
const container = `${pod}.containers.0`;
const settings = (props: Partial<PredictionServiceProps> = {}) => only(predictionService(props), 'ConfigMap');

describe('defaults', () => {
  const deployment = only(predictionService(), 'Deployment');

  test('every object has the same name, in a namespace of that name', () => {
    for (const { kind, metadata } of predictionService()) {
      expect(metadata.name).toMatch(
        { ConfigMap: /^iris-server-[0-9a-f]{10}$/, Service: /^iris-server(-headless)?$/ }[kind] ?? /^iris-server$/,
      );
      expect(metadata.namespace).toBe('iris-server');
    }
  });

  test('a rollout never leaves fewer than two replicas', () => {
    expect(at(deployment, 'spec')).toMatchObject({
      replicas: 2,
      minReadySeconds: 5,
      progressDeadlineSeconds: 305,
      revisionHistoryLimit: 5,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
    });
  });

  test('selectors match the pods and do not include the version', () => {
    const labels = at(deployment, 'spec.template.metadata.labels');
    const selector = at(deployment, 'spec.selector.matchLabels');
    expect(selector).toEqual({ 'app.kubernetes.io/name': 'iris-server', 'app.kubernetes.io/instance': 'iris-server' });
    expect(labels).toMatchObject(selector as object);
    for (const kind of ['Service', 'headless Service'])
      expect(at(only(predictionService(), kind), 'spec.selector')).toEqual(selector);
    expect(at(only(predictionService(), 'PodDisruptionBudget'), 'spec.selector.matchLabels')).toEqual(selector);
  });

  test('probes use the management port by its name, and each has a timeout', () => {
    const get = (path: string) => ({ path, port: 'management' });
    expect(at(deployment, container)).toMatchObject({
      startupProbe: { httpGet: get('/readyz'), periodSeconds: 1, timeoutSeconds: 5, failureThreshold: 120 },
      readinessProbe: { httpGet: get('/readyz'), periodSeconds: 2, timeoutSeconds: 2, failureThreshold: 3 },
      livenessProbe: {
        httpGet: get('/livez'),
        periodSeconds: 4,
        timeoutSeconds: 4,
        failureThreshold: 3,
        terminationGracePeriodSeconds: 2,
      },
    });
  });

  test('the container, the NetworkPolicy and the environment have all ports', () => {
    expect(at(deployment, `${container}.ports`)).toEqual([
      { name: 'http', containerPort: 8000, protocol: 'TCP' },
      { name: 'grpc', containerPort: 8001, protocol: 'TCP' },
      { name: 'management', containerPort: 8002, protocol: 'TCP' },
    ]);
    expect(settings().data).toMatchObject({ GRPC_PORT: '8001', MANAGEMENT_PORT: '8002' });
    expect(settings().data).not.toHaveProperty('PUBLIC_PROBES');
    expect(at(only(predictionService(), 'NetworkPolicy'), 'spec.ingress')).toEqual([
      {
        ports: [
          { port: 'http', protocol: 'TCP' },
          { port: 'grpc', protocol: 'TCP' },
        ],
      },
      { from: [{ namespaceSelector: {} }], ports: [{ port: 'management', protocol: 'TCP' }] },
    ]);
  });

  test('the environment variables match the grace period, the drain delay and the memory limit', () => {
    expect(at(deployment, `${pod}.terminationGracePeriodSeconds`)).toBe(30);
    expect(settings().data).toMatchObject({
      DRAIN_DELAY_SECONDS: '5',
      GRACE_PERIOD_SECONDS: '30',
      REQUEST_TIMEOUT_SECONDS: '15',
      NODE_OPTIONS: '--max-old-space-size=256 --max-semi-space-size=4',
    });
  });

  const grpcPort = { name: 'grpc', port: 8001, targetPort: 'grpc', protocol: 'TCP', appProtocol: 'kubernetes.io/h2c' };

  test('the Service is of type ClusterIP and maps ports 80 and 8001 to the named ports', () => {
    expect(at(only(predictionService(), 'Service'), 'spec')).toMatchObject({
      type: 'ClusterIP',
      ports: [{ name: 'http', port: 80, targetPort: 'http', protocol: 'TCP', appProtocol: 'http' }, grpcPort],
    });
  });

  test('the headless Service has only the gRPC port, and lists only pods that are ready', () => {
    const { metadata, spec } = only(predictionService(), 'headless Service');
    expect(metadata).toEqual({ ...only(predictionService(), 'Service').metadata, name: 'iris-server-headless' });
    expect(spec).toMatchObject({ clusterIP: 'None', ports: [grpcPort] });
    expect(spec).not.toHaveProperty('publishNotReadyAddresses');
  });

  test('pods of a lost node are replaced after 30 seconds', () => {
    expect(at(deployment, `${pod}.tolerations`)).toEqual(
      ['not-ready', 'unreachable'].map((taint) => ({
        key: `node.kubernetes.io/${taint}`,
        operator: 'Exists',
        effect: 'NoExecute',
        tolerationSeconds: 30,
      })),
    );
  });

  test('the API key is mounted as a file from a Secret that must exist', () => {
    expect(at(deployment, `${container}.volumeMounts.1`)).toEqual({
      name: 'api-key',
      mountPath: '/var/run/secrets/rhizome',
      readOnly: true,
    });
    expect(at(deployment, `${pod}.volumes.1.secret`)).toEqual({
      secretName: 'iris-server-api-key',
      optional: false,
      items: [{ key: 'api-key', path: 'api-key' }],
    });
  });

  test('no field is empty, except for a selector of everything', () => {
    const text = JSON.stringify(predictionService()).replace('"namespaceSelector":{}', '');
    expect(text).not.toMatch(/:(\[\]|\{\}|null|"")/);
  });
});

test('a changed setting renames the ConfigMap, which rolls the pods; a changed order does not', () => {
  const before = only(predictionService({ settings: { LOG_LEVEL: 'info', STRICT_RANGES: 'true' } }), 'Deployment');
  const same = only(predictionService({ settings: { STRICT_RANGES: 'true', LOG_LEVEL: 'info' } }), 'Deployment');
  const after = only(predictionService({ settings: { LOG_LEVEL: 'debug', STRICT_RANGES: 'true' } }), 'Deployment');
  expect(same).toEqual(before);
  const reference = `${container}.envFrom.0.configMapRef.name`;
  expect(at(after, reference)).not.toBe(at(before, reference));
  expect(at(after, reference)).toBe(
    settings({ settings: { LOG_LEVEL: 'debug', STRICT_RANGES: 'true' } }).metadata.name,
  );
});

test('the version label is the tag, and is left out if the tag is not a valid label value', () => {
  const version = (image: string) => at(only(predictionService({ image }), 'Deployment'), 'metadata.labels')!;
  expect(version('iris-server:v0.1.0-0123456789ab')).toMatchObject({
    'app.kubernetes.io/version': 'v0.1.0-0123456789ab',
  });
  expect(version(`iris-server:${'a'.repeat(64)}`)).not.toHaveProperty(['app.kubernetes.io/version']);
  expect(version(`iris-server@sha256:${'a'.repeat(64)}`)).not.toHaveProperty(['app.kubernetes.io/version']);
});

const pinned = `iris-server:v9@sha256:${'1'.repeat(64)}`;

/** A value that the manifests must have: the object's kind, the path in it, and the value. */
type Reach = readonly [kind: string, path: string, value: unknown];
/** Every prop, with a value other than its default, and where the manifests must have it. */
const everyProp: {
  readonly [P in keyof Required<PredictionServiceProps>]: readonly [Required<PredictionServiceProps>[P], ...Reach[]];
} = {
  name: [
    'other',
    ['Deployment', 'metadata.name', 'other'],
    ['Service', 'metadata.name', 'other'],
    ['headless Service', 'metadata.name', 'other-headless'],
  ],
  image: ['iris-server:v9', ['Deployment', `${container}.image`, 'iris-server:v9']],
  requireDigest: [true, ['Deployment', `${container}.image`, pinned]],
  unpinnedImage: ['a reason', ['Deployment', 'metadata.annotations', { 'rhizome-kit/unpinned-image': 'a reason' }]],
  namespace: [
    'elsewhere',
    ...[
      'Deployment',
      'Service',
      'headless Service',
      'ServiceAccount',
      'ConfigMap',
      'PodDisruptionBudget',
      'NetworkPolicy',
    ].map((kind): Reach => [kind, 'metadata.namespace', 'elsewhere']),
  ],
  kubernetesVersion: [
    '1.33',
    ['Deployment', 'metadata.annotations', { 'rhizome-kit/kubernetes-version': '1.33' }],
    ['Deployment', 'spec.template.metadata.annotations', undefined],
  ],
  models: [
    { claim: 'trained-models', path: 'releases/2' },
    [
      'Deployment',
      `${pod}.volumes.2`,
      { name: 'models', persistentVolumeClaim: { claimName: 'trained-models', readOnly: true } },
    ],
    [
      'Deployment',
      `${container}.volumeMounts.2`,
      { name: 'models', mountPath: '/app/models', readOnly: true, subPath: 'releases/2' },
    ],
  ],
  imagePullPolicy: ['Never', ['Deployment', `${container}.imagePullPolicy`, 'Never']],
  replicas: [7, ['Deployment', 'spec.replicas', 7]],
  resources: [
    {
      cpu: { request: '1', limit: '1500m' },
      memory: { request: '1Gi', limit: '2Gi' },
      ephemeralStorage: { request: '1Gi', limit: '3Gi' },
    },
    [
      'Deployment',
      `${container}.resources`,
      {
        requests: { cpu: '1', memory: '1Gi', 'ephemeral-storage': '1Gi' },
        limits: { cpu: '1500m', memory: '2Gi', 'ephemeral-storage': '3Gi' },
      },
    ],
    ['ConfigMap', 'data.NODE_OPTIONS', '--max-old-space-size=1024 --max-semi-space-size=4'],
  ],
  settings: [
    { LOG_LEVEL: 'debug', DEFAULT_MODEL: 'wine', MAX_BATCH_DELAY_MS: '2.5' },
    ['ConfigMap', 'data.LOG_LEVEL', 'debug'],
    ['ConfigMap', 'data.MAX_BATCH_DELAY_MS', '2.5'],
    ['ConfigMap', 'data.DEFAULT_MODEL', 'wine'],
  ],
  grpc: [
    false,
    ['Service', 'spec.ports.1', undefined],
    ['Deployment', `${container}.ports.1.name`, 'management'],
    ['ConfigMap', 'data.GRPC_PORT', undefined],
    ['NetworkPolicy', 'spec.ingress.0.ports.1', undefined],
  ],
  publicProbes: [true, ['ConfigMap', 'data.PUBLIC_PROBES', 'true']],
  publicDocs: [true, ['ConfigMap', 'data.PUBLIC_DOCS', undefined]],
  playground: [true, ['ConfigMap', 'data.PLAYGROUND', undefined]],
  drainDelaySeconds: [6, ['ConfigMap', 'data.DRAIN_DELAY_SECONDS', '6']],
  requestTimeoutSeconds: [14, ['ConfigMap', 'data.REQUEST_TIMEOUT_SECONDS', '14']],
  gracePeriodSeconds: [
    60,
    ['Deployment', `${pod}.terminationGracePeriodSeconds`, 60],
    ['ConfigMap', 'data.GRACE_PERIOD_SECONDS', '60'],
  ],
  startupSeconds: [
    90,
    ['Deployment', `${container}.startupProbe.failureThreshold`, 90],
    ['Deployment', 'spec.progressDeadlineSeconds', 275],
  ],
  minReadySeconds: [9, ['Deployment', 'spec.minReadySeconds', 9], ['Deployment', 'spec.progressDeadlineSeconds', 309]],
  progressDeadlineSeconds: [1000, ['Deployment', 'spec.progressDeadlineSeconds', 1000]],
  revisionHistoryLimit: [1, ['Deployment', 'spec.revisionHistoryLimit', 1]],
  lostNodeSeconds: [
    11,
    ['Deployment', `${pod}.tolerations.0.tolerationSeconds`, 11],
    ['Deployment', `${pod}.tolerations.1.tolerationSeconds`, 11],
  ],
  spread: [
    { nodes: 'preferred', zones: 'required' },
    ['Deployment', `${pod}.topologySpreadConstraints.0.whenUnsatisfiable`, 'ScheduleAnyway'],
    ['Deployment', `${pod}.topologySpreadConstraints.1.whenUnsatisfiable`, 'DoNotSchedule'],
  ],
  trafficDistribution: ['PreferClose', ['Service', 'spec.trafficDistribution', 'PreferClose']],
  nodePort: [31000, ['Service', 'spec.type', 'NodePort'], ['Service', 'spec.ports.0.nodePort', 31000]],
  grpcNodePort: [31001, ['Service', 'spec.ports.1.nodePort', 31001]],
  nodePortRange: [
    [20000, 20999],
    ['Service', 'spec.ports.0.nodePort', 20080],
  ],
  apiKeySecret: ['key.of-mine', ['Deployment', `${pod}.volumes.1.secret.secretName`, 'key.of-mine']],
  unauthenticated: [
    'a reason',
    ['Deployment', `${pod}.volumes.1.secret.optional`, true],
    ['Deployment', 'metadata.annotations', { 'rhizome-kit/unauthenticated': 'a reason' }],
  ],
  jwt: [
    {
      ...{ issuer: 'https://login.example.com/', audience: 'iris', jwksUrl: 'http://keys.login.svc/jwks' },
      ...{ jwksPodPort: 8443, insecureJwks: true, algorithms: ['ES256', 'EdDSA'], leewaySeconds: 5 },
    },
    ['ConfigMap', 'data.JWT_ISSUER', 'https://login.example.com/'],
    ['ConfigMap', 'data.JWT_AUDIENCE', 'iris'],
    ['ConfigMap', 'data.JWT_JWKS_URL', 'http://keys.login.svc/jwks'],
    ['ConfigMap', 'data.JWT_JWKS_INSECURE', 'true'],
    ['ConfigMap', 'data.JWT_ALGORITHMS', 'ES256,EdDSA'],
    ['ConfigMap', 'data.JWT_LEEWAY_SECONDS', '5'],
    [
      'NetworkPolicy',
      'spec.egress.1',
      {
        to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'login' } } }],
        ports: [{ protocol: 'TCP', port: 8443 }],
      },
    ],
    // No Secret is needed.
    ['Deployment', `${pod}.volumes.1`, undefined],
    ['Deployment', `${container}.volumeMounts.1`, undefined],
  ],
  allowFrom: [
    [{ podSelector: { matchLabels: { app: 'shop' } } }],
    ['NetworkPolicy', 'spec.ingress.0.from', [{ podSelector: { matchLabels: { app: 'shop' } } }]],
  ],
  allowManagementFrom: [
    [{ namespaceSelector: { matchLabels: { team: 'monitoring' } } }],
    ['NetworkPolicy', 'spec.ingress.1.from', [{ namespaceSelector: { matchLabels: { team: 'monitoring' } } }]],
    ['NetworkPolicy', 'spec.ingress.0.from', undefined],
  ],
  imagePullSecrets: [['registry'], ['Deployment', `${pod}.imagePullSecrets`, [{ name: 'registry' }]]],
  nodeSelector: [
    { 'kubernetes.io/arch': 'arm64' },
    ['Deployment', `${pod}.nodeSelector`, { 'kubernetes.io/arch': 'arm64' }],
  ],
  tolerations: [
    [{ key: 'dedicated', operator: 'Exists', effect: 'NoSchedule' }],
    ['Deployment', `${pod}.tolerations.2`, { key: 'dedicated', operator: 'Exists', effect: 'NoSchedule' }],
    ['Deployment', `${pod}.tolerations.0.key`, 'node.kubernetes.io/not-ready'],
  ],
  platforms: [
    ['linux/amd64', 'linux/arm64/v8'],
    [
      'Deployment',
      `${pod}.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms`,
      [
        {
          matchExpressions: [
            { key: 'kubernetes.io/os', operator: 'In', values: ['linux'] },
            { key: 'kubernetes.io/arch', operator: 'In', values: ['amd64', 'arm64'] },
          ],
        },
      ],
    ],
  ],
  accelerator: [
    { type: 'cuda', count: 2, resource: 'nvidia.com/mig-1g.5gb', nodeSelector: { gpu: 'a100' } },
    [
      'Deployment',
      `${container}.resources.limits`,
      {
        cpu: '1',
        memory: '512Mi',
        'ephemeral-storage': '256Mi',
        'nvidia.com/mig-1g.5gb': 2,
      },
    ],
    ['Deployment', `${pod}.nodeSelector`, { gpu: 'a100' }],
    ['Deployment', `${pod}.tolerations.2`, { key: 'nvidia.com/mig-1g.5gb', operator: 'Exists', effect: 'NoSchedule' }],
    ['ConfigMap', 'data.EXECUTION_PROVIDER', 'cuda'],
  ],
  hostUsers: [false, ['Deployment', `${pod}.hostUsers`, false]],
  podLabels: [{ team: 'flowers' }, ['Deployment', 'spec.template.metadata.labels.team', 'flowers']],
  podAnnotations: [
    { 'sidecar.istio.io/inject': 'false' },
    ['Deployment', 'spec.template.metadata.annotations', { 'sidecar.istio.io/inject': 'false' }],
  ],
  env: [
    {
      HTTPS_PROXY: 'http://proxy:3128',
      TOKEN: { secret: 'sink', key: 'token' },
      SITE: { configMap: 'site', key: 'name' },
    },
    ['Deployment', `${container}.env.1`, { name: 'HTTPS_PROXY', value: 'http://proxy:3128' }],
    [
      'Deployment',
      `${container}.env.2`,
      { name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'sink', key: 'token' } } },
    ],
    [
      'Deployment',
      `${container}.env.3`,
      { name: 'SITE', valueFrom: { configMapKeyRef: { name: 'site', key: 'name' } } },
    ],
  ],
  volumes: [
    {
      certificates: { configMap: 'ca', mountPath: '/etc/ssl/own' },
      credentials: { secret: 'sink', mountPath: '/etc/sink' },
      data: { claim: 'data', mountPath: '/mnt/data' },
    },
    ['Deployment', `${pod}.volumes.2`, { name: 'certificates', configMap: { name: 'ca' } }],
    ['Deployment', `${pod}.volumes.3`, { name: 'credentials', secret: { secretName: 'sink' } }],
    ['Deployment', `${pod}.volumes.4.persistentVolumeClaim`, { claimName: 'data', readOnly: true }],
    ['Deployment', `${container}.volumeMounts.4`, { name: 'data', mountPath: '/mnt/data', readOnly: true }],
  ],
  priorityClassName: ['urgent', ['Deployment', `${pod}.priorityClassName`, 'urgent']],
  tracing: [
    {
      endpoint: 'http://collector.monitoring.svc:4318',
      sampleRatio: 0.25,
      headersSecret: 'collector',
      attributes: { 'deployment.environment.name': 'test garden' },
      podPort: 14318,
      privateNetwork: true,
    },
    ['ConfigMap', 'data.OTEL_EXPORTER_OTLP_ENDPOINT', 'http://collector.monitoring.svc:4318'],
    ['ConfigMap', 'data.OTEL_SERVICE_NAME', 'iris-server'],
    ['ConfigMap', 'data.OTEL_TRACES_SAMPLER', 'parentbased_traceidratio'],
    ['ConfigMap', 'data.OTEL_TRACES_SAMPLER_ARG', '0.25'],
    [
      'ConfigMap',
      'data.OTEL_RESOURCE_ATTRIBUTES',
      'k8s.namespace.name=iris-server,k8s.deployment.name=iris-server,deployment.environment.name=test%20garden',
    ],
    ['ConfigMap', 'data.OTEL_EXPORTER_OTLP_HEADERS_FILE', '/var/run/secrets/tracing/headers'],
    [
      'Deployment',
      `${pod}.volumes.2`,
      { name: 'tracing-headers', secret: { secretName: 'collector', items: [{ key: 'headers', path: 'headers' }] } },
    ],
    [
      'Deployment',
      `${container}.volumeMounts.2`,
      { name: 'tracing-headers', mountPath: '/var/run/secrets/tracing', readOnly: true },
    ],
    [
      'NetworkPolicy',
      'spec.egress.1',
      {
        to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } }],
        ports: [{ port: 14318, protocol: 'TCP' }],
      },
    ],
  ],
  payloadLog: [
    {
      to: 'https://events.example.com:8443/in',
      sampleRatio: 0.5,
      redact: ['petal_width', 'petal_length'],
      hash: ['sepal_width'],
      hashKeySecret: 'payload-key',
      headersSecret: 'sink',
      batches: true,
      maxBytes: 4096,
      privateNetwork: true,
    },
    ['ConfigMap', 'data.PAYLOAD_LOG', 'https://events.example.com:8443/in'],
    ['ConfigMap', 'data.PAYLOAD_LOG_SAMPLE', '0.5'],
    ['ConfigMap', 'data.PAYLOAD_LOG_REDACT', 'petal_width,petal_length'],
    ['ConfigMap', 'data.PAYLOAD_LOG_HASH', 'sepal_width'],
    ['ConfigMap', 'data.PAYLOAD_LOG_HASH_KEY_FILE', '/var/run/secrets/payload-log-key/hash-key'],
    ['ConfigMap', 'data.PAYLOAD_LOG_HEADERS_FILE', '/var/run/secrets/payload-log/headers'],
    ['ConfigMap', 'data.PAYLOAD_LOG_FORMAT', 'cloudevents-batch'],
    ['ConfigMap', 'data.PAYLOAD_LOG_MAX_BYTES', '4096'],
    ['ConfigMap', 'data.OTEL_SERVICE_NAME', 'iris-server'],
    ['Deployment', `${pod}.volumes.2.secret.secretName`, 'sink'],
    ['Deployment', `${pod}.volumes.3.secret.items`, [{ key: 'hash-key', path: 'hash-key' }]],
    ['NetworkPolicy', 'spec.egress.1.ports', [{ port: 8443, protocol: 'TCP' }]],
    ['NetworkPolicy', 'spec.egress.1.to.0.ipBlock', { cidr: '0.0.0.0/0', except: ['127.0.0.0/8', '169.254.0.0/16'] }],
  ],
};

/** Other props that a prop needs to have an effect. */
const needed: Readonly<Record<string, Partial<PredictionServiceProps>>> = {
  requireDigest: { image: pinned },
  grpcNodePort: { nodePort: 31000 },
  nodePortRange: { nodePort: 20080 },
  trafficDistribution: { kubernetesVersion: '1.31' },
  hostUsers: { kubernetesVersion: '1.33' },
};

test.each(Object.entries(everyProp))('%s reaches the manifests', (prop, [value, ...reaches]) => {
  const manifests = predictionService({ ...needed[prop], [prop]: value });
  for (const [kind, path, expected] of reaches) expect(at(only(manifests, kind), path)).toEqual(expected);
  expect(manifests).not.toEqual(predictionService());
});

test.each(kubernetesVersions)(
  'all props together are valid for Kubernetes %s, if it is the target',
  (kubernetesVersion) => {
    const values = Object.entries(everyProp).map(([prop, [value]]) => [prop, value] as const);
    const {
      trafficDistribution,
      hostUsers,
      unauthenticated: _,
      ...others
    } = Object.fromEntries(values) as unknown as PredictionServiceProps;
    const props = {
      ...others,
      nodeSelector: { disk: 'ssd' },
      nodePort: 20080,
      grpcNodePort: 20081,
      kubernetesVersion,
      ...(isAtLeast(kubernetesVersion, '1.31') && { trafficDistribution }),
      ...(isAtLeast(kubernetesVersion, '1.33') && { hostUsers }),
      grpc: true,
    };
    expect(problemsOf(predictionService(props), [kubernetesVersion])).toEqual([]);
  },
);

test.each([
  ['1.35', undefined],
  ['1.36', false],
] as const)('with %s as the target, hostUsers is %s by default', (kubernetesVersion, expected) => {
  const hostUsers = (props: Partial<PredictionServiceProps>) =>
    at(only(predictionService({ kubernetesVersion, ...props }), 'Deployment'), `${pod}.hostUsers`);
  expect(hostUsers({})).toBe(expected);
  expect(hostUsers({ hostUsers: true })).toBeUndefined();
});

test('accelerator: cuda asks for one GPU, on a node of the only platform that has CUDA libraries', () => {
  const manifests = predictionService({
    accelerator: 'cuda',
    platforms: ['linux/amd64', 'linux/arm64'],
    kubernetesVersion: '1.37',
  });
  const deployment = only(manifests, 'Deployment');
  expect(at(deployment, `${container}.resources.limits`)).toHaveProperty(['nvidia.com/gpu'], 1);
  expect(at(deployment, `${container}.resources.requests`)).not.toHaveProperty(['nvidia.com/gpu']);
  expect(at(deployment, `${pod}.nodeSelector`)).toEqual({ 'nvidia.com/gpu.present': 'true' });
  expect(at(deployment, `${pod}.hostUsers`)).toBeUndefined();
  const affinity = JSON.stringify(at(deployment, `${pod}.affinity`));
  expect(affinity).toContain('"values":["amd64"]');
  expect(affinity).toBe(
    JSON.stringify(at(only(predictionService({ accelerator: 'cuda' }), 'Deployment'), `${pod}.affinity`)),
  );
  expect(problemsOf(manifests)).toEqual([]);
});

test.each([
  [{}, ['nvidia.com/gpu']],
  [{ resource: 'nvidia.com/mig-1g.5gb' }, ['nvidia.com/mig-1g.5gb', 'nvidia.com/gpu']],
])('accelerator %j tolerates the taints of nodes with GPUs: %j', (accelerator, keys) => {
  const manifests = predictionService({ accelerator: { type: 'cuda', ...accelerator } });
  const tolerations = at(only(manifests, 'Deployment'), `${pod}.tolerations`) as readonly { effect: string }[];
  expect(tolerations.filter(({ effect }) => effect === 'NoSchedule')).toEqual(
    keys.map((key) => ({ key, operator: 'Exists', effect: 'NoSchedule' })),
  );
});

test('with jwt, requests may have the API key too, if there is a Secret', () => {
  const jwt = { issuer: 'https://login.example.com/', audience: 'iris', jwksUrl: 'https://login.example.com/jwks' };
  const manifests = predictionService({ jwt, apiKeySecret: 'machines' });
  expect(at(only(manifests, 'Deployment'), `${pod}.volumes.1.secret`)).toMatchObject({
    secretName: 'machines',
    optional: false,
  });
  expect(at(only(manifests, 'NetworkPolicy'), 'spec.egress.1.ports')).toEqual([{ protocol: 'TCP', port: 443 }]);
  expect(only(manifests, 'ConfigMap').data).not.toHaveProperty('JWT_ALGORITHMS');
});

test('docs/manifests.md lists every prop and nothing else', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/manifests.md'), 'utf8');
  const [, table = ''] = page.split('## Props');
  expect([...table.matchAll(/^\| `(\w+)` +\|/gm)].map(([, prop]) => prop)).toEqual([
    ...Object.keys(everyProp),
    'priority',
    'createNamespace',
  ]);
});

test('grpc: false removes every trace of gRPC, and allows longer names', () => {
  const manifests = predictionService({ grpc: false, name: 'i'.repeat(63), namespace: 'iris' });
  expect(JSON.stringify(manifests)).not.toMatch(/grpc|8001|headless/i);
});

test('an empty allowFrom lets nobody connect, and undefined lets everyone', () => {
  const ingress = (props: Partial<PredictionServiceProps>) =>
    at(only(predictionService(props), 'NetworkPolicy'), 'spec.ingress');
  const management = { from: [{ namespaceSelector: {} }], ports: [{ port: 'management', protocol: 'TCP' }] };
  expect(ingress({ allowFrom: [] })).toEqual([management]);
  // Not an empty list, which the API server drops: `kubectl diff` would always show it.
  expect(ingress({ allowFrom: [], allowManagementFrom: [] })).toBeUndefined();
  expect(
    at(only(predictionService({ allowFrom: [], allowManagementFrom: [] }), 'NetworkPolicy'), 'spec'),
  ).toMatchObject({
    policyTypes: ['Ingress', 'Egress'],
  });
});

test('without a peer, only the node can connect to the management port', () => {
  const policy = only(predictionService({ allowManagementFrom: [] }), 'NetworkPolicy');
  expect(at(policy, 'spec.ingress.length')).toBe(1);
  expect(JSON.stringify(policy)).not.toContain('management');
});

test('no Service leads to the management port', () => {
  for (const kind of ['Service', 'headless Service'])
    expect(JSON.stringify(only(predictionService(), kind))).not.toMatch(/management|8002/);
});

test('resources that are not set keep their defaults', () => {
  const deployment = only(predictionService({ resources: { memory: { request: '1Gi', limit: '1Gi' } } }), 'Deployment');
  expect(at(deployment, `${container}.resources.limits`)).toEqual({
    cpu: '1',
    memory: '1Gi',
    'ephemeral-storage': '256Mi',
  });
});

const jwt = { issuer: 'https://login.example.com/', audience: 'iris', jwksUrl: 'https://login.example.com/jwks' };

type Invalid = readonly [title: string, props: object, prop: string, message: RegExp];
test.each<Invalid>([
  [
    'a memory limit below the request',
    { resources: { memory: { request: '1Gi', limit: '512Mi' } } },
    'resources.memory.limit',
    /"512Mi" is below the request, '1Gi'\.\n +Use at least '1Gi'/,
  ],
  [
    'a CPU limit below the request',
    { resources: { cpu: { request: '2', limit: '1500m' } } },
    'resources.cpu.limit',
    /"1500m" is below the request, '2'/,
  ],
  [
    'a disk limit below the request',
    { resources: { ephemeralStorage: { request: '1Gi', limit: '1G' } } },
    'resources.ephemeralStorage.limit',
    /"1G" is below the request, '1Gi'/,
  ],
  [
    'an invalid quantity',
    { resources: { cpu: { request: 'half', limit: '1' } } },
    'resources.cpu.request',
    /"half" is not a quantity above zero/,
  ],
  [
    'a quantity of zero',
    { resources: { memory: { request: '1Mi', limit: '0' } } },
    'resources.memory.limit',
    /"0" is not a quantity above zero/,
  ],
  [
    'an image without a tag',
    { image: 'iris-server' },
    'image',
    /"iris-server" has neither a tag nor a digest\.\n +Name a version/,
  ],
  [
    'a registry with a port, but no tag',
    { image: 'localhost:5000/iris-server' },
    'image',
    /has neither a tag nor a digest/,
  ],
  ['the tag latest', { image: 'iris-server:latest' }, 'image', /has the tag latest, which can move/],
  ['an invalid image reference', { image: 'iris server:v1' }, 'image', /is not a valid image reference/],
  [
    'a grace period that is too short',
    { gracePeriodSeconds: 24 },
    'gracePeriodSeconds',
    /24 is too short: [^]*Use at least 25 \(drainDelaySeconds 5 \+ requestTimeoutSeconds 15 \+ 5 /,
  ],
  [
    'a progress deadline that is too short',
    { progressDeadlineSeconds: 125 },
    'progressDeadlineSeconds',
    /125 is too short: [^]*Use more than 125 \(startupSeconds 120 \+ minReadySeconds 5\)/,
  ],
  [
    'fewer than no replicas',
    { replicas: -1 },
    'replicas',
    /-1 is too low\.\n +Use a whole number of replicas, 0 or more/,
  ],
  ['half a replica', { replicas: 1.5 }, 'replicas', /1.5 is not a whole number/],
  [
    'a negative delay',
    { drainDelaySeconds: -1 },
    'drainDelaySeconds',
    /-1 is too low\.\n +Use a whole number of seconds, 0 or more/,
  ],
  ['a request timeout of zero', { requestTimeoutSeconds: 0 }, 'requestTimeoutSeconds', /seconds, 1 or more/],
  ['a drain delay that the service refuses', { drainDelaySeconds: 3601 }, 'drainDelaySeconds', /from 0 to 3600 \(sec/],
  ['a startup time of zero', { startupSeconds: 0 }, 'startupSeconds', /seconds, 1 or more/],
  ['a negative ready time', { minReadySeconds: -1 }, 'minReadySeconds', /seconds, 0 or more/],
  ['a negative history', { revisionHistoryLimit: -1 }, 'revisionHistoryLimit', /revisions, 0 or more/],
  ['a negative wait for a lost node', { lostNodeSeconds: -1 }, 'lostNodeSeconds', /seconds, 0 or more/],
  [
    'a node port outside the range',
    { nodePort: 8080 },
    'nodePort',
    /8080 is not a valid node port\.\n +Use a whole number from 30000 to 32767, or set nodePortRange/,
  ],
  [
    'a name with capital letters',
    { name: 'Iris' },
    'name',
    /"Iris" is not a valid name in Kubernetes\.\n +Use lower-case letters/,
  ],
  ['a name that starts with a digit', { name: '1ris' }, 'name', /starting with a letter/],
  [
    'a name that makes the name of the headless Service too long',
    { name: 'i'.repeat(55) },
    'name',
    /is too long: [^]*called i{55}-headless\.\n +Use at most 54 characters, or set grpc to false/,
  ],
  ['a name that is too long without gRPC', { name: 'i'.repeat(64), grpc: false }, 'name', /at most 63 characters/],
  ['an invalid namespace', { namespace: 'a.b' }, 'namespace', /"a.b" is not a valid name/],
  ['an invalid Secret name', { apiKeySecret: 'my_key' }, 'apiKeySecret', /"my_key" is not a valid name/],
  ['no reason for no key', { unauthenticated: ' ' }, 'unauthenticated', /" " gives no reason/],
  [
    'both tokens and no need for them',
    { unauthenticated: 'a demo', jwt },
    'unauthenticated',
    /requests need nothing, but jwt says that they need a token\.\n +Remove one of the two/,
  ],
  ['tokens of nobody', { jwt: { ...jwt, issuer: undefined } }, 'jwt.issuer', /undefined is missing/],
  ['tokens for nobody', { jwt: { ...jwt, audience: '' } }, 'jwt.audience', /"" is missing/],
  ['no key server', { jwt: { ...jwt, jwksUrl: undefined } }, 'jwt.jwksUrl', /undefined is missing/],
  [
    'keys over http',
    { jwt: { ...jwt, jwksUrl: 'http://keys.login.svc/jwks' } },
    'jwt.jwksUrl',
    /Use a URL that begins with https:\/\/, since whoever can change the keys/,
  ],
  ['keys in the pod', { jwt: { ...jwt, jwksUrl: 'http://localhost/jwks' } }, 'jwt.jwksUrl', /in the pod itself/],
  [
    'a password of the key server',
    { jwt: { ...jwt, jwksUrl: 'https://me:secret@login.example/' } },
    'jwt.jwksUrl',
    /Use a URL without a user and a password/,
  ],
  ['a port of the key server', { jwt: { ...jwt, jwksPodPort: 0 } }, 'jwt.jwksPodPort', /0 is not a port/],
  [
    'an algorithm with a shared secret',
    { jwt: { ...jwt, algorithms: ['RS256', 'HS256'] } },
    'jwt.algorithms',
    /are not algorithms with a public key\.\n +Use some of RS256/,
  ],
  ['no algorithm', { jwt: { ...jwt, algorithms: [] } }, 'jwt.algorithms', /not algorithms with a public key/],
  ['an hour of leeway', { jwt: { ...jwt, leewaySeconds: 3600 } }, 'jwt.leewaySeconds', /whole number from 0 to 600/],
  ['an unknown field of jwt', { jwt: { ...jwt, audiense: 'x' } }, 'jwt.audiense', /Did you mean audience/],
  ['a token as a setting', { settings: { JWT_ISSUER: 'x' } }, 'settings.JWT_ISSUER', /Use the prop jwt\.issuer/],
  ['an invalid PriorityClass name', { priorityClassName: 'Top!' }, 'priorityClassName', /"Top!" is not a valid name/],
  [
    'an unknown setting',
    { settings: { LOG_LEVLE: 'debug' } },
    'settings.LOG_LEVLE',
    /sets a variable that the service does not have\.\n +Use one of these: .*LOG_LEVEL/,
  ],
  [
    'a setting that another prop sets',
    { settings: { DRAIN_DELAY_SECONDS: '3' } },
    'settings.DRAIN_DELAY_SECONDS',
    /not allowed in settings\.\n +Use the prop drainDelaySeconds/,
  ],
  ['the gRPC port as a setting', { settings: { GRPC_PORT: '9000' } }, 'settings.GRPC_PORT', /Use the prop grpc/],
  [
    'public probes as a setting',
    { settings: { PUBLIC_PROBES: 'true' } },
    'settings.PUBLIC_PROBES',
    /Use the prop publ/,
  ],
  ['a secret as a setting', { settings: { API_KEY: 'hunter2' } }, 'settings.API_KEY', /Put the key into a Secret/],
  [
    'a setting of the wrong type',
    { settings: { MAX_BODY_BYTES: '1MB' } },
    'settings.MAX_BODY_BYTES',
    /"1MB" is not a value that the service accepts\.\n +Use a whole number from 1 to 2147483647 \(bytes\), /,
  ],
  ['a setting that is too low', { settings: { MAX_BATCH: '0' } }, 'settings.MAX_BATCH', /whole number from 1 to 65536/],
  [
    'a setting that is too high',
    { settings: { MAX_BATCH_DELAY_MS: '60001' } },
    'settings.MAX_BATCH_DELAY_MS',
    /Use a number from 0 to 60000 \(milliseconds\), such as '0', or leave it out/,
  ],
  [
    'a setting that is too low for another one',
    { settings: { MAX_BODY_BYTES: '100', MAX_IN_FLIGHT_BYTES: '199' } },
    'settings.MAX_IN_FLIGHT_BYTES',
    /Use a whole number from 200 /,
  ],
  [
    'a setting that is not a string',
    { settings: { LOG_SYNC: true } as object },
    'settings.LOG_SYNC',
    /true is not a string\.\n +Write it in quotes: 'true'/,
  ],
  [
    'a setting with a value that it cannot have',
    { settings: { LOG_LEVEL: 'loud' } as object },
    'settings.LOG_LEVEL',
    /"loud" is not a value that the service accepts\.\n +Use one of fatal, error, .*silent, or leave it out\./,
  ],
])('%s is rejected', (_title, props, prop, message) => {
  const error = thrownBy(() => predictionService(props));
  expect(error.invalidProps.map((invalid) => invalid.prop)).toContain(prop);
  expect(error.message).toMatch(message);
  expect(error.message).toContain(`${prop}: `);
});

test('the message does not repeat an API key', () => {
  expect(thrownBy(() => predictionService({ settings: { API_KEY: 'hunter2' } as object })).message).not.toContain(
    'hunter2',
  );
});

test('all invalid props are reported at once', () => {
  const error = thrownBy(() => predictionService({ image: 'x', replicas: -1, gracePeriodSeconds: 1 }));
  expect(error.construct).toBe("PredictionService 'iris-server'");
  expect(error.invalidProps.map(({ prop, value }) => [prop, value])).toEqual([
    ['image', 'x'],
    ['replicas', -1],
    ['gracePeriodSeconds', 1],
  ]);
  expect(error.message).toMatch(/^PredictionService 'iris-server' has 3 invalid props:\n/);
  expect(error.message.match(/^ {2}\w[\w.]*(?=: )/gm)).toEqual(['  image', '  replicas', '  gracePeriodSeconds']);
});

function thrownBy(action: () => unknown): InvalidPropsError {
  try {
    action();
  } catch (error) {
    if (error instanceof InvalidPropsError) return error;
    throw error;
  }
  throw new Error('expected an InvalidPropsError, nothing was thrown');
}
