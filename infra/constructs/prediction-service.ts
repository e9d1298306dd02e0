import { ApiObject, JsonPatch, Lazy } from 'cdk8s';
import { k8s, ServiceAccount, type ConfigMap, type IScalable, type ScalingTarget } from 'cdk8s-plus-27';
import { Construct } from 'constructs';
import { deploymentAnnotations } from '../metadata/annotations.ts';
import {
  applicationLabel,
  objectLabels,
  selectorLabels,
  workloadLabels,
  type Labels,
  type Variant,
} from '../metadata/labels.ts';
import { headlessName } from '../metadata/names.ts';
import { addNewerFields } from '../metadata/newer-fields.ts';
import { patchAsWritten } from '../metadata/patches.ts';
import { ModelsMap } from '../models/models-map.ts';
import { environmentVariables } from '../pod-template/environment-variables.ts';
import { mountedModels } from '../pod-template/mounted-models.ts';
import { podSpec } from '../pod-template/pod-spec.ts';
import { findMistypedProps, serviceProps } from '../props/checks/types.ts';
import { findInvalidProps } from '../props/find-invalid-props.ts';
import { parseImageReference } from '../props/image-reference.ts';
import { InvalidPropsError } from '../props/invalid-props-error.ts';
import type { PredictionServiceProps } from '../props/prediction-service-props.ts';
import { withDefaults, type ResolvedProps } from '../props/resolved-props.ts';
import { deploymentSpec } from './deployment.ts';
import { disruptionBudgetSpec } from './disruption-budget.ts';
import { findNameCollisions } from './name-collisions.ts';
import { networkPolicySpec } from './network-policy.ts';
import { headlessServiceSpec, serviceSpec } from './services.ts';
import { SettingsMap } from './settings-map.ts';

/** Pods that get a share of a service's requests, and who divides the requests. */
interface TrafficSplit {
  /** The Service divides its connections by the number of pods, or a gateway divides requests by weight. */
  readonly by: 'pods' | 'gateway';
  /** The share of the pods in percent: 0 while they get no requests. */
  readonly weight: number;
  readonly pods: PredictionService;
}

/**
 * Replicas of the service behind one stable address, and the objects that they need: settings, an identity without
 * rights, limits on who may connect, and on how many pods may be evicted at once.
 *
 * The objects are fields, to compose with: call `addJsonPatch` on one, or use its `name` in another object. A patch of
 * an L1 object is applied to the manifest as it is written. An autoscaler accepts the construct itself as its target.
 *
 * Deployment, Service, PodDisruptionBudget and NetworkPolicy are L1 objects of cdk8s-plus-27, with the types of the
 * Kubernetes schema. The L2 Deployment and Service lack or fix a dozen of the fields set here, such as named ports in
 * probes, the liveness probe's grace period, seccomp, `drop: [ALL]`, topology spread, disk space in MiB, and stable
 * selectors.
 *
 * @throws {InvalidPropsError} if a prop would not work on a cluster. It lists every such prop.
 */
export class PredictionService extends Construct implements IScalable {
  /**
   * The Deployment that keeps the pods running, and replaces them one by one.
   *
   * @explains Deployment
   * @without Nobody starts pods, or replaces those that fail or whose node is lost.
   */
  readonly deployment: k8s.KubeDeployment;
  /**
   * The Service, one stable address: port 80 for HTTP and, unless `grpc` is false, port 8001 for gRPC.
   *
   * @explains Service
   * @without Clients need the address of a pod, which changes whenever a pod is replaced.
   */
  readonly service: k8s.KubeService;
  /**
   * The headless Service, for gRPC clients that balance between the pods themselves. With `grpc: false`, there is none.
   *
   * @explains HeadlessService
   * @without A gRPC client sends all its requests over one connection, so one replica gets all of them.
   * @setBy grpc
   */
  readonly headlessService: k8s.KubeService | undefined;
  /**
   * The pods' identity. It has no rights, and the pods have no token for it.
   *
   * @explains ServiceAccount
   * @without The pods share the namespace's account `default`, and get every right that somebody gives to it.
   */
  readonly account: ServiceAccount;
  /**
   * The ConfigMap that holds the pods' environment variables.
   *
   * @explains ConfigMap
   * @without The service runs with its own defaults, which do not fit the other fields of the pods.
   * @setBy settings
   */
  readonly settings: SettingsMap;
  /** The ConfigMap that holds the models. Undefined unless `models.configMap` is set. */
  readonly models: ConfigMap | undefined;
  /**
   * Lets a node drain evict one pod at a time.
   *
   * @explains PodDisruptionBudget
   * @without A drain of several nodes, as in an upgrade of the cluster, may evict all pods at once.
   */
  readonly disruptionBudget: k8s.KubePodDisruptionBudget;
  /**
   * Limits connections to the service's ports, and from the pods to the cluster's DNS.
   *
   * @explains NetworkPolicy
   * @without Every pod of the cluster can connect to every port of the pods, and they can connect to anything.
   */
  readonly networkPolicy: k8s.KubeNetworkPolicy;

  /** Namespace of all objects. */
  readonly namespace: string;
  /** Labels that select the pods and no others in the namespace: for a monitor, a policy, or another Service. */
  readonly podLabels: Labels;
  /** The Service's port for HTTP, which is named `http`. */
  readonly servicePort = 80;
  /** Whether a HorizontalPodAutoscaler sets the number of replicas. If so, the Deployment does not. */
  hasAutoscaler = false;
  /**
   * The props with defaults filled in, for constructs that depend on them.
   * @internal
   */
  readonly resolved: ResolvedProps;
  /**
   * The props that were passed, for variants of the service.
   * @internal
   */
  readonly given: PredictionServiceProps;
  /**
   * Who else gets the service's requests.
   * @internal
   */
  split: TrafficSplit | undefined;
  /**
   * Whether GatewayRoutes leads to the service.
   * @internal
   */
  hasRoutes = false;

  /** @param variant what the pods are if they run beside those of another service: Canary and Shadow set it */
  constructor(scope: Construct, id: string, props: PredictionServiceProps, variant?: Variant) {
    super(scope, id);
    this.given = props;
    const described = `PredictionService '${props.name}'`;
    const mistyped = findMistypedProps(props, serviceProps);
    if (mistyped.length > 0) throw new InvalidPropsError(described, mistyped);
    const resolved = withDefaults(props);
    const invalidProps = [...findInvalidProps(resolved), ...findNameCollisions(this, resolved)];
    if (invalidProps.length > 0) throw new InvalidPropsError(described, invalidProps);

    this.resolved = resolved;
    const { name, namespace, image, grpc } = resolved;
    const metadata = { name, namespace, labels: objectLabels(name, variant) };
    const selector = selectorLabels(name, variant);

    this.namespace = namespace;
    this.podLabels = selector;
    const account = (this.account = new ServiceAccount(this, 'account', { metadata }));
    const settings = (this.settings = new SettingsMap(this, 'settings', {
      name,
      namespace,
      variables: environmentVariables(resolved),
      labels: metadata.labels,
    }));

    const source = resolved.models;
    const map =
      source !== undefined && 'configMap' in source
        ? new ModelsMap(this, 'models', { name, namespace, folder: source.configMap, labels: metadata.labels })
        : undefined;
    this.models = map;
    const models = mountedModels(resolved, map);

    const { tag, digest } = parseImageReference(image) ?? {};
    const labels = workloadLabels(name, tag, variant);
    const annotations = deploymentAnnotations({ ...resolved, hasDigest: digest !== undefined });
    this.deployment = new k8s.KubeDeployment(this, 'deployment', {
      metadata: { ...metadata, labels, ...annotations },
      spec: deploymentSpec(resolved, {
        selector,
        labels,
        podSpec: podSpec(resolved, { selector, settingsMap: settings.name, serviceAccount: account.name, models }),
        hasAutoscaler: () => this.hasAutoscaler,
      }),
    });

    const served = Lazy.any({ produce: () => this.#servedPods() }) as Labels;
    this.service = new k8s.KubeService(this, 'service', {
      metadata,
      spec: serviceSpec(resolved, this.servicePort, served),
    });
    this.headlessService = grpc
      ? new k8s.KubeService(this, 'headless-service', {
          metadata: { ...metadata, name: headlessName(name) },
          spec: headlessServiceSpec(served),
        })
      : undefined;
    this.disruptionBudget = new k8s.KubePodDisruptionBudget(this, 'disruption-budget', {
      metadata,
      spec: disruptionBudgetSpec(selector),
    });
    this.networkPolicy = new k8s.KubeNetworkPolicy(this, 'network-policy', {
      metadata,
      spec: networkPolicySpec(resolved),
    });
    for (const object of this.node.findAll()) if (object instanceof ApiObject) patchAsWritten(object);
    for (const volume of models.rawVolumes)
      this.deployment.addJsonPatch(JsonPatch.add('/spec/template/spec/volumes/-', volume));
    addNewerFields(this.service, { trafficDistribution: resolved.trafficDistribution });
  }

  /** Returns the labels that select the pods behind the Services. */
  #servedPods(): Labels {
    const { by, weight } = this.split ?? {};
    return by === 'pods' && weight !== 0 ? { [applicationLabel]: this.resolved.name } : this.podLabels;
  }

  /** The backend for a path of a `k8s.KubeIngress` in the same namespace. */
  get ingressBackend(): k8s.IngressBackend {
    return { service: { name: this.service.name, port: { number: this.servicePort } } };
  }

  /**
   * Returns the Deployment as an autoscaler's target. A HorizontalPodAutoscaler of cdk8s-plus calls this and
   * `markHasAutoscaler()` itself; for an L1 autoscaler, call both and copy the result into `scaleTargetRef`.
   */
  toScalingTarget(): ScalingTarget {
    const { apiVersion, kind, name } = this.deployment;
    return { apiVersion, kind, name, containers: [] };
  }

  /** Leaves the number of replicas to an autoscaler. */
  markHasAutoscaler(): void {
    this.hasAutoscaler = true;
  }
}
