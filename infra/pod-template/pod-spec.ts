import { k8s } from 'cdk8s-plus-27';
import { apiKeyMount, ports } from '../../service/contract/index.ts';
import type { Labels } from '../metadata/labels.ts';
import { placement } from './placement.ts';
import { containerSecurity, podSecurity } from './security-contexts.ts';
import type { ResolvedProps, Resources } from '../props/prediction-service-props.ts';
import { probes } from './probes.ts';

/** Where temporary files go: the only place that can be written to. */
const temporary: k8s.VolumeMount = { name: 'tmp', mountPath: '/tmp' };
const temporaryLimit = '64Mi';

/** What the pods are made with beside the props. */
export interface PodNeeds {
  readonly selector: Labels;
  /** Name of the ConfigMap with the environment. */
  readonly settingsMap: string;
  readonly serviceAccount: string;
}

export function podSpec(props: ResolvedProps, { selector, settingsMap, serviceAccount }: PodNeeds): k8s.PodSpec {
  const { apiKeySecret, apiKeyOptional, gracePeriodSeconds, lostNodeSeconds, priorityClassName } = props;
  return {
    serviceAccountName: serviceAccount,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: gracePeriodSeconds,
    securityContext: podSecurity,
    ...(priorityClassName !== undefined && { priorityClassName }),
    ...placement(selector, lostNodeSeconds),
    containers: [container(props, settingsMap)],
    volumes: [
      { name: temporary.name, emptyDir: { sizeLimit: k8s.Quantity.fromString(temporaryLimit) } },
      {
        name: 'api-key',
        // The item makes a Secret without that entry an error, rather than a service that asks nobody for a key.
        secret: {
          secretName: apiKeySecret,
          optional: apiKeyOptional,
          items: [{ key: apiKeyMount.file, path: apiKeyMount.file }],
        },
      },
    ],
  };
}

function container(props: ResolvedProps, settingsMap: string): k8s.Container {
  return {
    name: props.name,
    image: props.image,
    imagePullPolicy: props.imagePullPolicy,
    ports: [ports.http, ...(props.grpc ? [ports.grpc] : [])].map(({ name, number }) => ({
      name,
      containerPort: number,
      protocol: 'TCP',
    })),
    envFrom: [{ configMapRef: { name: settingsMap } }],
    // By reference, since the runtime would else count the node's processors, whatever the limit (onnxruntime #29510).
    env: [{ name: 'INFERENCE_THREADS', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } }],
    resources: requirements(props.resources),
    ...probes(props.startupSeconds),
    securityContext: containerSecurity,
    // A failed rollout then says why in `kubectl describe pod`.
    terminationMessagePolicy: 'FallbackToLogsOnError',
    volumeMounts: [temporary, { name: 'api-key', mountPath: apiKeyMount.dir, readOnly: true }],
  };
}

function requirements({ cpu, memory, ephemeralStorage }: Resources): k8s.ResourceRequirements {
  const each = (end: 'request' | 'limit') => ({
    cpu: k8s.Quantity.fromString(cpu[end]),
    memory: k8s.Quantity.fromString(memory[end]),
    'ephemeral-storage': k8s.Quantity.fromString(ephemeralStorage[end]),
  });
  return { requests: each('request'), limits: each('limit') };
}
