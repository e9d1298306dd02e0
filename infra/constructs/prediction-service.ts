import { Lazy } from 'cdk8s';
import { k8s, ServiceAccount, type IScalable, type ScalingTarget } from 'cdk8s-plus-27';
import { Construct } from 'constructs';
import { ports, type VariableName } from '../../service/contract/index.ts';
import { heapMebibytes } from '../pod-template/heap-size.ts';
import { InvalidPropsError } from '../props/invalid-props-error.ts';
import { objectLabels, selectorLabels, workloadLabels, type Labels } from '../metadata/labels.ts';
import { networkPolicySpec } from './network-policy.ts';
import { podSpec } from '../pod-template/pod-spec.ts';
import { findProblems } from '../props/find-invalid-props.ts';
import { withDefaults, type PredictionServiceProps, type ResolvedProps } from '../props/prediction-service-props.ts';
import { RevisionDeployment } from './revision-deployment.ts';
import { headlessName, headlessServiceSpec, serviceSpec } from './services.ts';
import { SettingsMap } from './settings-map.ts';

/**
 * Replicas of the service, kept running behind one stable address, and what they need: settings, an identity without
 * rights, limits on who may connect and on how many may be evicted at once.
 *
 * Deployment, Service, PodDisruptionBudget and NetworkPolicy are L1 objects of cdk8s-plus-27, typed by the Kubernetes
 * schema. Its L2 Deployment and Service lack or fix a dozen of the fields set here (named ports in probes, the liveness
 * probe's grace period, seccomp, `drop: [ALL]`, topology spread, disk in MiB, stable selectors, ...).
 *
 * They are fields, to compose with: `addJsonPatch` on one, its `name` in another object. An autoscaler takes the whole.
 *
 * @throws InvalidPropsError with every prop that would not work on a cluster.
 */
export class PredictionService extends Construct implements IScalable {
  readonly deployment: k8s.KubeDeployment;
  readonly service: k8s.KubeService;
  /** For gRPC clients that balance between the pods themselves; undefined with `grpc: false`. */
  readonly headlessService: k8s.KubeService | undefined;
  readonly account: ServiceAccount;
  readonly settings: SettingsMap;
  readonly disruptionBudget: k8s.KubePodDisruptionBudget;
  readonly networkPolicy: k8s.KubeNetworkPolicy;

  /** Namespace of all of it. */
  readonly namespace: string;
  /** What selects the pods, and no others of the namespace: for a monitor, a policy, a second Service. */
  readonly podLabels: Labels;
  /** Port of the Service, named `http`. */
  readonly servicePort = 80;
  /** Whether a HorizontalPodAutoscaler decides how many replicas there are; the Deployment then does not say. */
  hasAutoscaler = false;

  constructor(scope: Construct, id: string, props: PredictionServiceProps) {
    super(scope, id);
    const resolved = withDefaults(props);
    const problems = findProblems(resolved);
    if (problems.length > 0) throw new InvalidPropsError(`PredictionService '${props.name}'`, problems);

    const { name, namespace, image, grpc } = resolved;
    const metadata = { name, namespace, labels: objectLabels(name) };
    const selector = selectorLabels(name);

    this.namespace = namespace;
    this.podLabels = selector;
    const account = (this.account = new ServiceAccount(this, 'account', { metadata }));
    const settings = (this.settings = new SettingsMap(this, 'settings', {
      name,
      namespace,
      settings: environment(resolved),
    }));

    const labels = workloadLabels(name, image);
    this.deployment = new RevisionDeployment(this, 'deployment', {
      metadata: { ...metadata, labels },
      spec: {
        // Of an autoscaled Deployment each apply would else set it back.
        replicas: Lazy.any({ produce: () => (this.hasAutoscaler ? undefined : resolved.replicas) }) as number,
        selector: { matchLabels: selector },
        strategy: {
          type: 'RollingUpdate',
          // A new pod must serve before an old one goes: never fewer than `replicas`.
          rollingUpdate: { maxSurge: k8s.IntOrString.fromNumber(1), maxUnavailable: k8s.IntOrString.fromNumber(0) },
        },
        minReadySeconds: resolved.minReadySeconds,
        progressDeadlineSeconds: resolved.progressDeadlineSeconds,
        revisionHistoryLimit: resolved.revisionHistoryLimit,
        template: {
          metadata: { labels },
          spec: podSpec(resolved, { selector, settingsMap: settings.name, serviceAccount: account.name }),
        },
      },
    });

    this.service = new k8s.KubeService(this, 'service', { metadata, spec: serviceSpec(resolved, this.servicePort) });
    this.headlessService = grpc
      ? new k8s.KubeService(this, 'headless-service', {
          metadata: { ...metadata, name: headlessName(name) },
          spec: headlessServiceSpec(resolved),
        })
      : undefined;

    this.disruptionBudget = new k8s.KubePodDisruptionBudget(this, 'disruption-budget', {
      metadata,
      spec: {
        selector: { matchLabels: selector },
        maxUnavailable: k8s.IntOrString.fromNumber(1),
        // A pod that serves nobody must not keep its node from being drained.
        unhealthyPodEvictionPolicy: 'AlwaysAllow',
      },
    });

    this.networkPolicy = new k8s.KubeNetworkPolicy(this, 'network-policy', {
      metadata,
      spec: networkPolicySpec(resolved),
    });
  }

  /** Backend of a path in a `k8s.KubeIngress` of the same namespace. */
  get ingressBackend(): k8s.IngressBackend {
    return { service: { name: this.service.name, port: { number: this.servicePort } } };
  }

  /** For `scaleTargetRef` of a raw autoscaler, behind `markHasAutoscaler()`; a HorizontalPodAutoscaler of cdk8s-plus does both. */
  toScalingTarget(): ScalingTarget {
    const { apiVersion, kind, name } = this.deployment;
    return { apiVersion, kind, name, containers: [] };
  }

  markHasAutoscaler(): void {
    this.hasAutoscaler = true;
  }
}

/** The variables of the ConfigMap: the settings, and those that must agree with the pod's own fields. */
function environment(props: ResolvedProps): Record<string, string> {
  return {
    ...props.settings,
    ...(props.grpc && ({ GRPC_PORT: String(ports.grpc.number) } satisfies Partial<Record<VariableName, string>>)),
    NODE_OPTIONS: `--max-old-space-size=${heapMebibytes(props.resources.memory.limit)}`,
    DRAIN_DELAY_SECONDS: String(props.drainDelaySeconds),
    REQUEST_TIMEOUT_SECONDS: String(props.requestTimeoutSeconds),
    GRACE_PERIOD_SECONDS: String(props.gracePeriodSeconds),
  };
}
