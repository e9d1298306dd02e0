import { ports } from '../../../service/contract/index.ts';
import { isHeadless, variantOf } from '../../project/objects.ts';
import { type Workload, serviceOf, servingContainer } from './workload.ts';

/** The fields of a Deployment that the local runtime acts on, with all that is below them; `[]` is any element. */
const supported = [
  'apiVersion',
  'kind',
  'metadata',
  'status',
  'spec.replicas',
  'spec.selector',
  'spec.template.metadata',
  'spec.template.spec.restartPolicy',
  'spec.template.spec.terminationGracePeriodSeconds',
  ...['name', 'command', 'args', 'workingDir', 'env', 'envFrom', 'ports'].map(
    (field) => `spec.template.spec.containers[].${field}`,
  ),
  ...['startupProbe', 'readinessProbe', 'livenessProbe'].flatMap((probe) =>
    [
      'httpGet',
      'tcpSocket',
      'exec',
      'initialDelaySeconds',
      'periodSeconds',
      'timeoutSeconds',
      'successThreshold',
      'failureThreshold',
      'terminationGracePeriodSeconds',
    ].map((field) => `spec.template.spec.containers[].${probe}.${field}`),
  ),
];

/** Likewise of a Service: all but the ways in from outside a cluster, since here it is a port of this machine. */
const supportedOfService = [
  'apiVersion',
  'kind',
  'metadata',
  'status',
  'spec.selector',
  'spec.ports[].name',
  'spec.ports[].port',
  'spec.ports[].targetPort',
  'spec.ports[].protocol',
  'spec.ports[].appProtocol',
];

/** What it means that a field is not supported, by how the field's name begins. */
const meanings: readonly (readonly [meaning: string, fields: readonly string[]])[] = [
  ['no image is used: the code in this folder runs, with the Node.js that runs this command', ['image']],
  [
    'replicas run as you, with your permissions and files',
    ['securityContext', 'automountServiceAccountToken', 'serviceAccount', 'ServiceAccount ', 'hostUsers'],
  ],
  ['no resources are limited or reserved, and nothing is OOM-killed', ['resources']],
  ['no volumes are mounted', ['volume']],
  [
    'there is only one machine, so nothing is scheduled',
    ['affinity', 'tolerations', 'topologySpreadConstraints', 'nodeSelector', 'priorityClassName'],
  ],
  [
    'there are no rolling updates: the next `up` stops all replicas and starts new ones',
    ['strategy', 'minReadySeconds', 'progressDeadlineSeconds', 'revisionHistoryLimit'],
  ],
  ['the Service is a port on localhost', ['Service.']],
  ['only the first port of the Service and the one named grpc are open', ['Service port ']],
  ['lifecycle hooks are not run', ['lifecycle']],
  [
    'they have no effect on processes of one machine',
    [
      'Namespace ',
      'headless Service ',
      'PodDisruptionBudget ',
      'NetworkPolicy ',
      'PriorityClass ',
      'terminationMessage',
      'dnsPolicy',
      'enableServiceLinks',
      'imagePullSecrets',
      'schedulerName',
    ],
  ],
  ['only the service itself runs', ['canary: ', 'shadow: ']],
  ['the number of replicas is fixed: the least that it keeps', ['HorizontalPodAutoscaler ', 'ScaledObject ']],
  ['only Deployments run', ['StatefulSet ', 'DaemonSet ', 'Job ', 'CronJob ', 'Pod ']],
  ['one container runs per replica: the one that the Service leads to', ['initContainers', 'container ']],
  ['the probe only opens a TCP connection', ['startupProbe.grpc', 'readinessProbe.grpc', 'livenessProbe.grpc']],
];

const supportedKinds = new Set(['Deployment', 'Service', 'ConfigMap', 'Secret']);

/** Fields and objects of the manifests that the local runtime ignores, and what that means on this machine. */
export interface UnsupportedFields {
  /** `securityContext.runAsUser`, `Service.type`, `Namespace iris-server`. */
  readonly fields: readonly string[];
  readonly meaning: string;
}

/** Lists what the local runtime ignores in the manifests, by meaning: each field once, unknown fields included. */
export function unsupportedFields({ all, deployments, services }: Workload): readonly UnsupportedFields[] {
  const fields = new Set<string>();
  for (const object of all) {
    const variant = variantOf(object);
    if (variant !== undefined) fields.add(`${variant}: ${object.kind} ${object.metadata.name}`);
    else if (isHeadless(object)) fields.add(`headless Service ${object.metadata.name}`);
    else if (!supportedKinds.has(object.kind)) fields.add(`${object.kind} ${object.metadata.name}`);
  }
  for (const deployment of deployments) {
    for (const path of unknownPaths(deployment, supported))
      fields.add(path.replace(/^spec\.(template\.spec\.)?(containers\[\]\.)?/, ''));
    const { container: served } = servingContainer(deployment, serviceOf(deployment, services));
    for (const { name } of deployment.spec.template.spec.containers)
      if (name !== served.name) fields.add(`container ${name}`);
  }
  for (const service of services) {
    for (const path of unknownPaths(service, supportedOfService)) fields.add(path.replace(/^spec\./, 'Service.'));
    for (const { name, port } of service.spec.ports?.slice(1).filter((each) => each.name !== ports.grpc.name) ?? [])
      fields.add(`Service port ${name ?? port}`);
  }

  const byMeaning = new Map<string, string[]>();
  for (const field of fields) {
    const meaning =
      meanings.find(([, starts]) => starts.some((start) => field.startsWith(start)))?.[0] ??
      'unknown to the local runtime';
    byMeaning.set(meaning, [...(byMeaning.get(meaning) ?? []), field]);
  }
  return [...byMeaning].map(([meaning, names]) => ({ fields: names, meaning }));
}

/** Objects whose fields are listed one by one, since each is a setting of its own: `securityContext.runAsUser`. */
const groups = new Set(['securityContext', 'resources', 'limits', 'requests']);

/** Returns the paths in a value that are neither known nor lead to a known one. Empty values are left out. */
function unknownPaths(value: unknown, known: readonly string[], path = ''): readonly string[] {
  if (known.includes(path)) return [];
  const leadsToKnown =
    path === '' || known.some((field) => field.startsWith(`${path}.`) || field.startsWith(`${path}[]`));
  if (Array.isArray(value)) {
    if (leadsToKnown) return value.flatMap((element) => unknownPaths(element, known, `${path}[]`));
    return value.length > 0 ? [path] : [];
  }
  const listed = leadsToKnown || groups.has(path.slice(path.lastIndexOf('.') + 1));
  if (typeof value !== 'object' || value === null || !listed) return [path];
  return Object.entries(value).flatMap(([name, inner]) =>
    unknownPaths(inner, known, path === '' ? name : `${path}.${name}`),
  );
}
