import { variables } from '../../service/contract/index.ts';
import type { Accelerator } from './pod-props.ts';
import { isAtLeast, oldestKubernetesVersion } from '../kubernetes-schemas/versions.ts';
import type { PredictionServiceProps, Resources, Spread } from './prediction-service-props.ts';
import type { TelemetryProps } from './telemetry-props.ts';

/** Props that have no default. */
type UndefaultedProp =
  | 'models'
  | 'apiKeySecret'
  | 'unauthenticated'
  | 'jwt'
  | 'trafficDistribution'
  | 'nodePort'
  | 'grpcNodePort'
  | 'allowFrom'
  | 'allowManagementFrom'
  | 'priorityClassName'
  | keyof TelemetryProps
  | 'unpinnedImage';

/** The props after defaults are filled in. Only those without a default may still be undefined. */
export type ResolvedProps = Required<
  Omit<PredictionServiceProps, 'resources' | 'spread' | 'accelerator' | UndefaultedProp>
> &
  Pick<PredictionServiceProps, UndefaultedProp> & {
    readonly resources: Resources;
    readonly spread: Required<Spread>;
    readonly accelerator: Required<Accelerator> | undefined;
  };

/** What each pod gets if the props do not say otherwise. */
export const defaultResources: Resources = {
  cpu: { request: '250m', limit: '1' },
  memory: { request: '256Mi', limit: '512Mi' },
  ephemeralStorage: { request: '64Mi', limit: '256Mi' },
};

/** The only platform for which the ONNX runtime has CUDA libraries. */
export const cudaPlatform = 'linux/amd64';

/** What the device plugin of NVIDIA calls a whole GPU. */
export const gpuResource = 'nvidia.com/gpu';

/** Time to schedule a pod and to pull its image, before it starts. */
const schedulingSeconds = 180;

/** Returns the props with defaults filled in. A prop that is undefined gets its default, too. */
export function withDefaults(given: PredictionServiceProps): ResolvedProps {
  const props = defined(given);
  const { startupSeconds = 120, minReadySeconds = 5, resources = {} } = props;
  const { kubernetesVersion = oldestKubernetesVersion } = props;
  const accelerator = withAcceleratorDefaults(props.accelerator);
  return {
    namespace: props.name,
    kubernetesVersion,
    requireDigest: false,
    imagePullPolicy: 'Always',
    replicas: 2,
    grpc: true,
    publicProbes: false,
    publicDocs: false,
    playground: false,
    drainDelaySeconds: Number(variables.DRAIN_DELAY_SECONDS.default),
    requestTimeoutSeconds: Number(variables.REQUEST_TIMEOUT_SECONDS.default),
    gracePeriodSeconds: Number(variables.GRACE_PERIOD_SECONDS.default),
    startupSeconds,
    minReadySeconds,
    progressDeadlineSeconds: startupSeconds + minReadySeconds + schedulingSeconds,
    revisionHistoryLimit: 5,
    lostNodeSeconds: 30,
    nodePortRange: [30000, 32767],
    ...(props.jwt === undefined && { apiKeySecret: `${props.name}-api-key` }),
    imagePullSecrets: [],
    nodeSelector: {},
    tolerations: [],
    // Generally available in 1.36: every node that is new enough supports it. Drivers of GPUs may not.
    hostUsers: !isAtLeast(kubernetesVersion, '1.36') || accelerator !== undefined,
    platforms: defaultPlatforms(accelerator),
    podLabels: {},
    podAnnotations: {},
    env: {},
    volumes: {},
    ...props,
    accelerator,
    settings: defined(props.settings ?? {}),
    spread: { nodes: 'required', zones: 'preferred', ...defined(props.spread ?? {}) },
    resources: {
      cpu: { ...defaultResources.cpu, ...defined(resources.cpu ?? {}) },
      memory: { ...defaultResources.memory, ...defined(resources.memory ?? {}) },
      ephemeralStorage: { ...defaultResources.ephemeralStorage, ...defined(resources.ephemeralStorage ?? {}) },
    },
  };
}

/** Returns the platforms of an image about which nothing is known but that it can use the accelerator, if any. */
export const defaultPlatforms = (accelerator: PredictionServiceProps['accelerator']): readonly string[] =>
  accelerator === undefined ? [] : [cudaPlatform];

function withAcceleratorDefaults(given: PredictionServiceProps['accelerator']): Required<Accelerator> | undefined {
  if (given === undefined) return undefined;
  const { type, ...others } = typeof given === 'string' ? { type: given } : given;
  const nodeSelector = { 'nvidia.com/gpu.present': 'true' };
  return { type, count: 1, resource: gpuResource, nodeSelector, ...defined(others) };
}

/** Returns an object without the fields that are undefined, which would replace defaults. */
export const defined = <Fields extends object>(fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Fields;
