import { k8s } from 'cdk8s-plus-27';
import { apiKeyMount, ports } from '../../service/contract/index.ts';
import type { Labels } from '../metadata/labels.ts';
import { noLimit, type Resources } from '../props/prediction-service-props.ts';
import type { ResolvedProps } from '../props/resolved-props.ts';
import { withDownloads } from './download-container.ts';
import { variables, volumeMounts, volumes } from './extras.ts';
import type { MountedModels } from './mounted-models.ts';
import { placement } from './placement.ts';
import { probes } from './probes.ts';
import { telemetryMountsOf, telemetryVolumes } from './telemetry.ts';
import { containerSecurity, podSecurity } from './security-contexts.ts';

/** The only folder of the container that can be written to. */
const temporary: k8s.VolumeMount = { name: 'tmp', mountPath: '/tmp' };
const temporaryLimit = '64Mi';

/** Other objects that the pods refer to. */
export interface PodReferences {
  /** Labels that select the pods. */
  readonly selector: Labels;
  /** Name of the ConfigMap that holds the environment variables. */
  readonly settingsMap: string;
  /** Name of the ServiceAccount. */
  readonly serviceAccount: string;
  /** The volumes of models that are not in the image. */
  readonly models: MountedModels;
}

/** Returns the specification of the pods. */
export function podSpec(props: ResolvedProps, references: PodReferences): k8s.PodSpec {
  const { selector, settingsMap, serviceAccount, models } = references;
  const { gracePeriodSeconds, priorityClassName } = props;
  const served = container(props, settingsMap, models);
  const initContainers = models.initContainers(served.resources ?? {});
  return {
    serviceAccountName: serviceAccount,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: gracePeriodSeconds,
    securityContext: podSecurity,
    ...(!props.hostUsers && { hostUsers: false }),
    ...(priorityClassName !== undefined && { priorityClassName }),
    ...(props.imagePullSecrets.length > 0 && {
      imagePullSecrets: props.imagePullSecrets.map((secret) => ({ name: secret })),
    }),
    ...placement(props, selector),
    ...(initContainers.length > 0 && { initContainers: [...initContainers] }),
    containers: [served],
    volumes: [
      { name: temporary.name, emptyDir: { sizeLimit: k8s.Quantity.fromString(temporaryLimit) } },
      ...apiKeyVolume(props),
      ...telemetryVolumes(props),
      ...volumes(props.volumes),
      ...models.volumes,
    ],
  };
}

function apiKeyVolume({ apiKeySecret, unauthenticated }: ResolvedProps): k8s.Volume[] {
  if (apiKeySecret === undefined) return [];
  return [
    {
      name: 'api-key',
      // With `items`, a Secret that lacks this entry keeps the pods from starting. Otherwise they would start, and
      // accept requests without an API key.
      secret: {
        secretName: apiKeySecret,
        optional: unauthenticated !== undefined,
        items: [{ key: apiKeyMount.file, path: apiKeyMount.file }],
      },
    },
  ];
}

function container(props: ResolvedProps, settingsMap: string, models: MountedModels): k8s.Container {
  return {
    name: props.name,
    image: props.image,
    imagePullPolicy: props.imagePullPolicy,
    ports: [ports.http, ...(props.grpc ? [ports.grpc] : []), ports.management].map(({ name, number }) => ({
      name,
      containerPort: number,
      protocol: 'TCP',
    })),
    envFrom: [{ configMapRef: { name: settingsMap } }],
    env: [inferenceThreads(props.resources), ...variables(props.env)],
    resources: resourceRequirements({ ...props, resources: withDownloads(props) }),
    ...probes(props.startupSeconds),
    securityContext: containerSecurity,
    // `kubectl describe pod` then shows why a container failed.
    terminationMessagePolicy: 'FallbackToLogsOnError',
    volumeMounts: [
      temporary,
      ...(props.apiKeySecret === undefined ? [] : [{ name: 'api-key', mountPath: apiKeyMount.dir, readOnly: true }]),
      ...telemetryMountsOf(props),
      ...volumeMounts(props.volumes),
      ...models.volumeMounts,
    ],
  };
}

/**
 * A reference to the limit, because the ONNX runtime counts the node's processors and ignores the limit
 * (onnxruntime #29510). Without a limit, Kubernetes would return the node's processors.
 */
const inferenceThreads = ({ cpu }: Resources): k8s.EnvVar => ({
  name: 'INFERENCE_THREADS',
  valueFrom: { resourceFieldRef: { resource: cpu.limit === noLimit ? 'requests.cpu' : 'limits.cpu' } },
});

function resourceRequirements({ resources, accelerator }: ResolvedProps): k8s.ResourceRequirements {
  const names = { cpu: 'cpu', memory: 'memory', ephemeralStorage: 'ephemeral-storage' } as const;
  const each = (end: 'request' | 'limit') =>
    Object.fromEntries(
      (Object.keys(names) as (keyof Resources)[])
        .filter((resource) => resources[resource][end] !== noLimit)
        .map((resource) => [names[resource], k8s.Quantity.fromString(resources[resource][end])]),
    );
  const gpu = accelerator && { [accelerator.resource]: k8s.Quantity.fromNumber(accelerator.count) };
  // Kubernetes requests as many devices as the limit says.
  return { requests: each('request'), limits: { ...each('limit'), ...gpu } };
}
