import { ports } from '../../../service/contract/index.ts';
import { isHeadless } from '../../project/objects.ts';
import { type Manifests, serviceOf, servingContainer } from './manifests.ts';

/** Fields that the engine acts on, as paths in a Deployment with `[]` for any element; all below one counts too. */
const honoured = [
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

/** The Service is honoured in full but for the ways in from outside a cluster: here it is a port of this machine. */
const honouredOfService = [
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

/** What that means for a person at this machine, by the field's first words. */
const meanings: readonly (readonly [meaning: string, fields: readonly string[]])[] = [
  ['the code in this folder runs, with the Node of this command; no image is used', ['image']],
  [
    'replicas run as you, with your rights and your files',
    ['securityContext', 'automountServiceAccountToken', 'serviceAccount', 'ServiceAccount ', 'hostUsers'],
  ],
  ['nothing is limited, reserved or OOM-killed', ['resources']],
  ['nothing is mounted', ['volume']],
  [
    'there is one machine, and nothing to schedule',
    ['affinity', 'tolerations', 'topologySpreadConstraints', 'nodeSelector', 'priorityClassName'],
  ],
  [
    'there are no rolling updates: `up` after a change stops all replicas and starts new ones',
    ['strategy', 'minReadySeconds', 'progressDeadlineSeconds', 'revisionHistoryLimit'],
  ],
  ['the Service is a port of this machine, at localhost only', ['Service.']],
  ['of the Service the first port is open, and the one that is called grpc', ['Service port ']],
  ['hooks are not run', ['lifecycle']],
  [
    'plain processes of one machine have no use for it',
    [
      'Namespace ',
      'headless Service ',
      'PodDisruptionBudget ',
      'NetworkPolicy ',
      'terminationMessage',
      'dnsPolicy',
      'enableServiceLinks',
      'imagePullSecrets',
      'schedulerName',
    ],
  ],
  ['only Deployments are run', ['StatefulSet ', 'DaemonSet ', 'Job ', 'CronJob ', 'Pod ']],
  ['one container a replica is run, the one that the Service leads to', ['initContainers', 'container ']],
  ['checked by a TCP connection only', ['startupProbe.grpc', 'readinessProbe.grpc', 'livenessProbe.grpc']],
];

const read = new Set(['Deployment', 'Service', 'ConfigMap', 'Secret']);

/**
 * What the manifests ask for and the engine does not do, for a person to read: one line a meaning, each field once.
 * A field that the engine has never heard of is among them.
 */
export function unhonoured({ all, deployments, services }: Manifests): readonly string[] {
  const fields = new Set<string>();
  for (const object of all) {
    if (isHeadless(object)) fields.add(`headless Service ${object.metadata.name}`);
    else if (!read.has(object.kind)) fields.add(`${object.kind} ${object.metadata.name}`);
  }
  for (const deployment of deployments) {
    for (const path of strange(deployment, honoured))
      fields.add(path.replace(/^spec\.(template\.spec\.)?(containers\[\]\.)?/, ''));
    const { container: run } = servingContainer(deployment, serviceOf(deployment, services));
    for (const { name } of deployment.spec.template.spec.containers)
      if (name !== run.name) fields.add(`container ${name}`);
  }
  for (const service of services) {
    for (const path of strange(service, honouredOfService)) fields.add(path.replace(/^spec\./, 'Service.'));
    for (const { name, port } of service.spec.ports?.slice(1).filter((each) => each.name !== ports.grpc.name) ?? [])
      fields.add(`Service port ${name ?? port}`);
  }

  const lines = new Map<string, string[]>();
  for (const field of fields) {
    const meaning =
      meanings.find(([, starts]) => starts.some((start) => field.startsWith(start)))?.[0] ??
      'the local engine does not know it';
    lines.set(meaning, [...(lines.get(meaning) ?? []), field]);
  }
  return [...lines].map(([meaning, names]) => `${names.join(', ')}: ${meaning}`);
}

/** Objects whose fields each ask for something of its own: `securityContext.runAsUser`. Of others the name is enough. */
const groups = new Set(['securityContext', 'resources', 'limits', 'requests']);

/** Paths of a value that are neither among the known ones nor on the way to one; an empty value asks for nothing. */
function strange(value: unknown, known: readonly string[], path = ''): readonly string[] {
  if (known.includes(path)) return [];
  const onTheWay = path === '' || known.some((field) => field.startsWith(`${path}.`) || field.startsWith(`${path}[]`));
  if (Array.isArray(value)) {
    if (onTheWay) return value.flatMap((element) => strange(element, known, `${path}[]`));
    return value.length > 0 ? [path] : [];
  }
  const opened = onTheWay || groups.has(path.slice(path.lastIndexOf('.') + 1));
  if (typeof value !== 'object' || value === null || !opened) return [path];
  return Object.entries(value).flatMap(([name, inner]) =>
    strange(inner, known, path === '' ? name : `${path}.${name}`),
  );
}
