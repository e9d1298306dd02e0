import type { k8s } from 'cdk8s-plus-27';
import { variables, type VariableName } from '../../service/contract/index.ts';

/** What is asked of a node, and what is the most; Kubernetes quantities (`'250m'`, `'512Mi'`). */
export interface Amount {
  readonly request: string;
  readonly limit: string;
}

export interface Resources {
  readonly cpu: Amount;
  readonly memory: Amount;
  /** The container's log files and /tmp. */
  readonly ephemeralStorage: Amount;
}

/** Variables of the service that the construct sets from other props, or that belong into a Secret. */
export const managedSettings = {
  PORT: 'the probes and the Service know the port of service/contract',
  GRPC_PORT: 'use grpc: the Services and the NetworkPolicy have to agree with it',
  HOST: 'pods listen on every address',
  DRAIN_DELAY_SECONDS: 'use drainDelaySeconds',
  GRACE_PERIOD_SECONDS: 'use gracePeriodSeconds',
  REQUEST_TIMEOUT_SECONDS: 'use requestTimeoutSeconds',
  INFERENCE_THREADS: 'it follows resources.cpu.limit',
  API_KEY: 'put the key into a Secret and name that in apiKeySecret',
  API_KEY_FILE: 'put the key into a Secret and name that in apiKeySecret',
} as const satisfies Partial<Record<VariableName, string>>;

/** The service's own variables, as service/contract describes them. */
export type Settings = Readonly<Partial<Record<Exclude<VariableName, keyof typeof managedSettings>, string>>>;

export interface PredictionServiceProps {
  /** Name of the Deployment, the Service and all that belongs to them; a DNS label. */
  readonly name: string;

  /** Image reference with a tag other than `latest`, or a digest, or both: `registry.example.com/iris-server:v0.1.0@sha256:…`. */
  readonly image: string;

  /**
   * Namespace, which must exist: see RestrictedNamespace.
   * @default the name
   */
  readonly namespace?: string;

  /**
   * `Always` asks the registry at each start whether the node may use the image; `IfNotPresent` runs one that was loaded.
   * @default 'Always'
   */
  readonly imagePullPolicy?: 'Always' | 'IfNotPresent' | 'Never';

  /**
   * Pods to keep running.
   * @default 2
   */
  readonly replicas?: number;

  /**
   * CPU, memory and disk. Half of the memory limit is Node's heap; the rest is for models and the ONNX runtime.
   * @default cpu 250m to 1, memory 256Mi to 512Mi, ephemeral storage 64Mi to 256Mi
   */
  readonly resources?: Partial<Resources>;

  /**
   * Variables of the service (`node service/main.ts --help`) that differ from its defaults.
   * @default none
   */
  readonly settings?: Settings;

  /**
   * Whether the Open Inference Protocol is served over gRPC too, on port 8001: of the pods, of the Service, and of a headless
   * Service, the name + '-headless', for clients that balance between the pods themselves.
   * @default true
   */
  readonly grpc?: boolean;

  /**
   * Seconds for which a pod that is told to stop still accepts connections, while endpoints are withdrawn.
   * @default 5, the service's own
   */
  readonly drainDelaySeconds?: number;

  /**
   * Longest time, in seconds, to receive and answer one request.
   * @default 15, the service's own
   */
  readonly requestTimeoutSeconds?: number;

  /**
   * Seconds after which a pod that is told to stop is killed; at least drain delay + request time-out + 5.
   * @default 30, the service's own
   */
  readonly gracePeriodSeconds?: number;

  /**
   * Seconds that a pod may take to load its models before it is restarted; more for big ones.
   * @default 120
   */
  readonly startupSeconds?: number;

  /**
   * Seconds that a new pod must have been ready before a rolling update goes on: catches one that dies of its first requests.
   * @default 5
   */
  readonly minReadySeconds?: number;

  /**
   * Seconds without progress after which a rollout counts as failed; longer than startupSeconds + minReadySeconds.
   * @default startupSeconds + minReadySeconds + 180, for scheduling and pulling the image
   */
  readonly progressDeadlineSeconds?: number;

  /**
   * Old revisions that `kubectl rollout undo` can go back to.
   * @default 5
   */
  readonly revisionHistoryLimit?: number;

  /**
   * Seconds after which the pods of a lost node are replaced.
   * @default 30
   */
  readonly lostNodeSeconds?: number;

  /**
   * Port, 30000 to 32767, at which every node of the cluster serves.
   * @default none: a Service of type ClusterIP
   */
  readonly nodePort?: number;

  /**
   * Name of the Secret whose entry `api-key` holds the API key.
   * @default the name + '-api-key'
   */
  readonly apiKeySecret?: string;

  /**
   * Whether pods start without that Secret, and then ask nobody for a key.
   * @default false
   */
  readonly apiKeyOptional?: boolean;

  /**
   * Who may connect, where the cluster enforces NetworkPolicies.
   * @default everyone
   */
  readonly allowFrom?: readonly k8s.NetworkPolicyPeer[];

  /**
   * Name of an existing PriorityClass.
   * @default none: the cluster's default priority
   */
  readonly priorityClassName?: string;
}

const defaultResources: Resources = {
  cpu: { request: '250m', limit: '1' },
  memory: { request: '256Mi', limit: '512Mi' },
  ephemeralStorage: { request: '64Mi', limit: '256Mi' },
};

/** The props with every default in its place. `nodePort`, `allowFrom` and `priorityClassName` have none. */
export type ResolvedProps = Required<Omit<PredictionServiceProps, 'resources' | UndefaultedProp>> &
  Pick<PredictionServiceProps, UndefaultedProp> & { readonly resources: Resources };
type UndefaultedProp = 'nodePort' | 'allowFrom' | 'priorityClassName';

export function withDefaults(props: PredictionServiceProps): ResolvedProps {
  const { startupSeconds = 120, minReadySeconds = 5 } = props;
  return {
    namespace: props.name,
    imagePullPolicy: 'Always',
    replicas: 2,
    settings: {},
    grpc: true,
    drainDelaySeconds: Number(variables.DRAIN_DELAY_SECONDS.default),
    requestTimeoutSeconds: Number(variables.REQUEST_TIMEOUT_SECONDS.default),
    gracePeriodSeconds: Number(variables.GRACE_PERIOD_SECONDS.default),
    startupSeconds,
    minReadySeconds,
    progressDeadlineSeconds: startupSeconds + minReadySeconds + 180,
    revisionHistoryLimit: 5,
    lostNodeSeconds: 30,
    apiKeySecret: `${props.name}-api-key`,
    apiKeyOptional: false,
    ...props,
    resources: { ...defaultResources, ...props.resources },
  };
}
