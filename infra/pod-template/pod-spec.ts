import { k8s } from 'cdk8s-plus-27';
import { apiKeyMount, ports } from '../../service/contract/index.ts';
import type { Labels } from '../metadata/labels.ts';
import type { Resources } from '../props/prediction-service-props.ts';
import type { ResolvedProps } from '../props/resolved-props.ts';
import { placement } from './placement.ts';
import { probes } from './probes.ts';
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
}

/** Returns the specification of the pods. */
export function podSpec(props: ResolvedProps, { selector, settingsMap, serviceAccount }: PodReferences): k8s.PodSpec {
  const { apiKeySecret, apiKeyOptional, gracePeriodSeconds, lostNodeSeconds, priorityClassName } = props;
  return {
    serviceAccountName: serviceAccount,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: gracePeriodSeconds,
    securityContext: podSecurity,
    ...(priorityClassName !== undefined && { priorityClassName }),
    ...placement(selector, props.spread, lostNodeSeconds),
    containers: [container(props, settingsMap)],
    volumes: [
      { name: temporary.name, emptyDir: { sizeLimit: k8s.Quantity.fromString(temporaryLimit) } },
      {
        name: 'api-key',
        // With `items`, a Secret that lacks this entry keeps the pods from starting. Otherwise they would start, and
        // accept requests without an API key.
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
    ports: [ports.http, ...(props.grpc ? [ports.grpc] : []), ports.management].map(({ name, number }) => ({
      name,
      containerPort: number,
      protocol: 'TCP',
    })),
    envFrom: [{ configMapRef: { name: settingsMap } }],
    // A reference to the limit, because the ONNX runtime counts the node's processors and ignores the limit
    // (onnxruntime #29510).
    env: [{ name: 'INFERENCE_THREADS', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } }],
    resources: resourceRequirements(props.resources),
    ...probes(props.startupSeconds),
    securityContext: containerSecurity,
    // `kubectl describe pod` then shows why a container failed.
    terminationMessagePolicy: 'FallbackToLogsOnError',
    volumeMounts: [temporary, { name: 'api-key', mountPath: apiKeyMount.dir, readOnly: true }],
  };
}

function resourceRequirements({ cpu, memory, ephemeralStorage }: Resources): k8s.ResourceRequirements {
  const each = (end: 'request' | 'limit') => ({
    cpu: k8s.Quantity.fromString(cpu[end]),
    memory: k8s.Quantity.fromString(memory[end]),
    'ephemeral-storage': k8s.Quantity.fromString(ephemeralStorage[end]),
  });
  return { requests: each('request'), limits: each('limit') };
}
