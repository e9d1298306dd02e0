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

/**
 * The only folder of the container that can be written to: for temporary files of libraries.
 *
 * @explains PodSpec.volumes[name=tmp].name
 * @explains Container.volumeMounts[name=tmp].**
 * @without A library that writes a temporary file fails, because all other files are read-only.
 */
const temporary: k8s.VolumeMount = { name: 'tmp', mountPath: '/tmp' };
/**
 * The most that the folder may hold.
 *
 * @explains PodSpec.volumes[name=tmp].emptyDir.sizeLimit
 * @without A process that fills the folder uses the disk space of the pod, and the pod is evicted.
 */
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
    /**
     * The pods' own identity, which has no rights.
     *
     * @explains PodSpec.serviceAccountName
     * @without The pods have the account `default` of the namespace, with every right that somebody gives to it.
     */
    serviceAccountName: serviceAccount,
    /**
     * The pods get no token for the API server, which the service never asks.
     *
     * @explains PodSpec.automountServiceAccountToken
     * @explains ServiceAccount.automountServiceAccountToken
     * @without Somebody who breaks into a pod finds a token for the API server.
     */
    automountServiceAccountToken: false,
    /**
     * Kubernetes adds no variables about the Services of the namespace.
     *
     * @explains PodSpec.enableServiceLinks
     * @without Other Services can set variables such as `API_PORT`, and thousands of them slow the start down.
     */
    enableServiceLinks: false,
    /**
     * A container that ends is started again, whatever its exit code was.
     *
     * @explains PodSpec.restartPolicy
     * @without The default is the same. A Deployment accepts no other.
     */
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
      /**
       * The API key, as a file. The service reads it again when it changes.
       *
       * @explains PodSpec.volumes[name=api-key].name
       * @explains Container.volumeMounts[name=api-key].**
       * @without The service finds no key, and accepts requests from everyone.
       * @setBy apiKeySecret
       */
      name: 'api-key',
      secret: {
        secretName: apiKeySecret,
        /**
         * Whether pods start without the Secret. It is `true` only with a reason why requests need no key.
         *
         * @explains PodSpec.volumes[name=api-key].secret.optional
         * @without The default is false: pods wait until the Secret exists.
         * @setBy unauthenticated
         */
        optional: unauthenticated !== undefined,
        /**
         * The entry of the Secret, and the name of its file. A Secret that lacks the entry keeps pods from starting.
         *
         * @explains PodSpec.volumes[name=api-key].secret.items[].**
         * @without With a misspelt entry, pods would start, and accept requests without an API key.
         */
        items: [{ key: apiKeyMount.file, path: apiKeyMount.file }],
      },
    },
  ];
}

function container(props: ResolvedProps, settingsMap: string, models: MountedModels): k8s.Container {
  return {
    /**
     * What `kubectl logs` and `kubectl describe` call the container.
     *
     * @explains Container.name
     * @without Kubernetes refuses the pod.
     * @setBy name
     */
    name: props.name,
    image: props.image,
    imagePullPolicy: props.imagePullPolicy,
    ports: [ports.http, ...(props.grpc ? [ports.grpc] : []), ports.management].map(({ name, number }) => ({
      /**
       * A name by which Services, probes and the NetworkPolicy refer to the port.
       *
       * @explains Container.ports[].name
       * @without The Service and the probes name a port that does not exist, and no pod becomes ready.
       */
      name,
      /**
       * The port at which the service listens.
       *
       * @explains Container.ports[].containerPort
       * @without Kubernetes refuses the container.
       */
      containerPort: number,
      /**
       * HTTP and gRPC both use TCP.
       *
       * @explains Container.ports[].protocol
       * @without The default is the same. It is written out because a server-side apply tells ports apart by it.
       */
      protocol: 'TCP',
    })),
    /**
     * The variables of the container are the entries of this ConfigMap. Its name changes with its content.
     *
     * @explains Container.envFrom[].**
     * @without The service runs with its own defaults: it has no port for gRPC and none for probes.
     */
    envFrom: [{ configMapRef: { name: settingsMap } }],
    env: [inferenceThreads(props.resources), ...variables(props.env)],
    resources: resourceRequirements({ ...props, resources: withDownloads(props) }),
    ...probes(props.startupSeconds),
    securityContext: containerSecurity,
    /**
     * `kubectl describe pod` shows the last log lines of a container that failed.
     *
     * @explains Container.terminationMessagePolicy
     * @without It shows the exit code alone, and the log of a deleted pod is gone.
     */
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
 *
 * @explains Container.env[name=INFERENCE_THREADS].**
 * @without Models run with a thread for each processor of the node, which wait for each other within the limit.
 * @setBy resources.cpu.limit
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
  /**
   * The GPUs of each pod.
   *
   * @explains Container.resources.limits["nvidia.com/gpu"]
   * @without The container sees no GPU, and the models do not load.
   * @setBy accelerator
   */
  const gpu = accelerator && { [accelerator.resource]: k8s.Quantity.fromNumber(accelerator.count) };
  // Kubernetes requests as many devices as the limit says.
  return { requests: each('request'), limits: { ...each('limit'), ...gpu } };
}
