import type { k8s } from 'cdk8s-plus-27';
import type { KubernetesVersion } from '../kubernetes-schemas/versions.ts';
import type { ModelSource } from '../models/model-source.ts';
import type { JwtProps } from './jwt-props.ts';
import type { PodProps } from './pod-props.ts';
import type { Settings } from './settings.ts';
import type { TelemetryProps } from './telemetry-props.ts';

/** In place of a limit of processor time: the pods may use what the node has free. */
export const noLimit = 'none';

/** The request and the limit of one resource, as Kubernetes quantities: `250m`, `512Mi`. */
export interface RequestAndLimit {
  /**
   * The amount that a node must have free to run a pod. Above zero.
   *
   * @explains Container.resources.requests.**
   * @without Kubernetes takes the limit: each pod would reserve as much as it may ever use, and fewer fit on a node.
   * @setBy resources
   */
  readonly request: string;
  /**
   * The most that a pod may use. Not below the request.
   *
   * @explains Container.resources.limits.**
   * @without One pod can take what all others on its node need.
   * @setBy resources
   */
  readonly limit: string;
}

/** The resources of each pod. */
export interface Resources {
  /**
   * Processor time, in CPUs (`1`) or thousandths of a CPU (`250m`). The limit, rounded up, is also the number of
   * inference threads. With the limit `none`, it is the request, rounded up.
   *
   * @explains Container.resources.limits.cpu
   * @without The pods may use all processors that are free, and the threads follow the request.
   * @setBy resources.cpu.limit
   */
  readonly cpu: RequestAndLimit;
  /**
   * Memory, in bytes with a suffix (`512Mi`). Half of the limit, which is at least `64Mi`, becomes Node's heap.
   *
   * @explains Container.resources.limits.memory
   * @without A leak takes the memory of the node, and the kernel kills pods of others.
   * @setBy resources.memory.limit
   */
  readonly memory: RequestAndLimit;
  /**
   * Disk space for the container's log files and /tmp, in bytes with a suffix (`64Mi`).
   *
   * @explains Container.resources.limits["ephemeral-storage"]
   * @without Logs and files can fill the disk of the node, and all of its pods are evicted.
   * @setBy resources.ephemeralStorage.limit
   */
  readonly ephemeralStorage: RequestAndLimit;
}

/** Whether pods must be spread evenly, or only if possible. */
type Spreading = 'required' | 'preferred';

/** How pods are spread: the numbers of pods on two nodes, or in two zones, differ by at most one. */
export interface Spread {
  /**
   * Over the nodes. `required`: a pod waits if the only node with room already runs one more than another node that
   * accepts pods. Nodes that are cordoned, lost or otherwise tainted do not count.
   * @default 'required'
   */
  readonly nodes?: Spreading;
  /**
   * Over the zones. `required` also needs every node to have the label `topology.kubernetes.io/zone`.
   * @default 'preferred'
   */
  readonly zones?: Spreading;
}

/** Which pods a Service prefers. */
export type TrafficDistribution = 'PreferClose' | 'PreferSameZone' | 'PreferSameNode';

/** Props of PredictionService. */
export interface PredictionServiceProps extends PodProps, TelemetryProps {
  /**
   * Name of the Deployment, of the Service and of the other objects. Lower-case letters, digits and dashes, starting
   * with a letter; at most 54 characters, or 63 with `grpc: false`.
   *
   * @explains *.metadata.name
   * @without Kubernetes refuses an object without a name.
   * @setBy name
   */
  readonly name: string;

  /**
   * Reference of the image, with a tag other than `latest`, a digest, or both:
   * `registry.example.com/iris-server:v0.1.0@sha256:…`.
   *
   * @explains Container.image
   * @without Kubernetes refuses the pod.
   * @setBy image
   */
  readonly image: string;

  /**
   * Whether `image` must have a digest: a tag can move, and then the next pod to start would run something else than
   * the others. `synthesize` adds the digest that `rhizome build --push` has recorded in infra/images.json;
   * `recordedImage` does so in your own app.
   * @default false; `productionProfile` sets it
   */
  readonly requireDigest?: boolean;

  /**
   * Why the image may lack a digest in spite of `requireDigest`, in words for whoever reviews it. Becomes an annotation
   * of the Deployment.
   * @default none: it may not
   */
  readonly unpinnedImage?: string;

  /**
   * Namespace of all objects. It must exist: RestrictedNamespace creates one. Lower-case letters, digits and dashes, at
   * most 63 characters.
   * @default the value of `name`
   * @explains *.metadata.namespace
   * @without The object is created in the namespace that happens to be current.
   */
  readonly namespace?: string;

  /**
   * The oldest Kubernetes that the manifests have to work with. Props that need a newer one are refused.
   * @default '1.30', the oldest supported version
   */
  readonly kubernetesVersion?: KubernetesVersion;

  /**
   * Where the pods find their models: in an image of their own (`{ image }`), a volume (`{ claim }`), a file that each
   * pod downloads (`{ url, sha256 }`) or a ConfigMap (`{ configMap }`). They replace those of the image.
   * docs/model-sources.md describes each.
   * @default in the image
   */
  readonly models?: ModelSource;

  /**
   * When a node pulls the image. `Always` checks with the registry each time a container starts; `IfNotPresent` pulls
   * only an image that the node does not have; `Never` requires that the image was loaded onto the node.
   * @default 'Always'
   * @explains Container.imagePullPolicy
   * @without The default depends on the tag: `Always` for `latest`, otherwise `IfNotPresent`.
   */
  readonly imagePullPolicy?: 'Always' | 'IfNotPresent' | 'Never';

  /**
   * Number of pods to keep running, 0 or more. A HorizontalPodAutoscaler overrides it.
   * @default 2
   * @explains Deployment.spec.replicas
   * @without The default is 1: no request is served while that pod is replaced.
   */
  readonly replicas?: number;

  /**
   * CPU, memory and disk space of each pod. A resource that is left out keeps its default. Half of the memory limit
   * becomes Node's heap; models, the ONNX runtime and the processes of slow models, about 40 MB each, use the other
   * half.
   * @default cpu 250m to 1, memory 256Mi to 512Mi, ephemeralStorage 64Mi to 256Mi
   */
  readonly resources?: Partial<Resources>;

  /**
   * Environment variables of the service that differ from its defaults. `node service/main.ts --help` lists them.
   * @default none: every variable keeps the service's default
   */
  readonly settings?: Settings;

  /**
   * Whether the pods also serve the Open Inference Protocol over gRPC, on port 8001. If so, the Service has that port
   * too, and a headless Service named `<name>-headless` serves clients that balance between the pods themselves.
   * @default true
   */
  readonly grpc?: boolean;

  /**
   * Whether the port for HTTP, which the Service leads to, also serves `/livez`, `/readyz` and `/metrics`, without an
   * API key. The management port, 8002, always serves them, and no Service leads to it.
   * @default false
   * @explains ConfigMap.data.PUBLIC_PROBES
   * @without A load balancer that checks the port for HTTP gets 404.
   */
  readonly publicProbes?: boolean;

  /**
   * Whether the documentation, `/docs` and `/openapi.json`, needs no API key. It describes the models and their inputs.
   * @default false: it needs the key, if there is one
   * @explains ConfigMap.data.PUBLIC_DOCS
   * @without Everyone can read what the models' inputs are.
   */
  readonly publicDocs?: boolean;

  /**
   * Whether `/` is the playground, a page to try the models. Predictions from it need the API key like any others, but
   * the page itself does not. With it, responses name the pod that they come from.
   * @default false
   */
  readonly playground?: boolean;

  /**
   * Seconds for which a terminating pod still accepts connections while its endpoint is being removed, 0 or more.
   * @default 5, the service's default
   * @explains ConfigMap.data.DRAIN_DELAY_SECONDS
   * @without The service's default is the same. With 0, requests of a rolling update fail.
   */
  readonly drainDelaySeconds?: number;

  /**
   * Maximum seconds to receive a request and send its response, 1 or more.
   * @default 15, the service's default
   * @explains ConfigMap.data.REQUEST_TIMEOUT_SECONDS
   * @without The service's default is the same. If it is longer than the grace period allows, requests are cut off.
   */
  readonly requestTimeoutSeconds?: number;

  /**
   * Seconds after which Kubernetes kills a terminating pod. At least `drainDelaySeconds + requestTimeoutSeconds + 5`.
   * @default 30, the service's default
   * @explains PodSpec.terminationGracePeriodSeconds
   * @explains ConfigMap.data.GRACE_PERIOD_SECONDS
   * @without The default is the same. If it is shorter than the drain, requests are cut off.
   */
  readonly gracePeriodSeconds?: number;

  /**
   * Seconds that a pod has to load its models before Kubernetes restarts it, 1 or more. Large models need more.
   * @default 120
   * @explains Container.startupProbe.failureThreshold
   * @without The default is 3 failures, 3 s: larger models would never finish loading.
   */
  readonly startupSeconds?: number;

  /**
   * Seconds that a new pod must stay ready before a rollout continues, 0 or more. Catches pods that crash on their
   * first requests.
   * @default 5
   * @explains Deployment.spec.minReadySeconds
   * @without The default is 0: a version that crashes on its first requests replaces all pods.
   */
  readonly minReadySeconds?: number;

  /**
   * Seconds without progress after which a rollout counts as failed. More than `startupSeconds + minReadySeconds`.
   * @default startupSeconds + minReadySeconds + 180, which leaves time to schedule the pod and pull the image
   * @explains Deployment.spec.progressDeadlineSeconds
   * @without The default is 600 s: it takes ten minutes until a rollout that cannot succeed counts as failed.
   */
  readonly progressDeadlineSeconds?: number;

  /**
   * Number of old revisions that `kubectl rollout undo` can return to, 0 or more.
   * @default 5
   * @explains Deployment.spec.revisionHistoryLimit
   * @without The default is 10 old ReplicaSets.
   */
  readonly revisionHistoryLimit?: number;

  /**
   * Seconds after which Kubernetes replaces the pods of a node that it has lost contact with, 0 or more.
   * @default 30
   * @explains PodSpec.tolerations[key=node.kubernetes.io/not-ready].tolerationSeconds
   * @explains PodSpec.tolerations[key=node.kubernetes.io/unreachable].tolerationSeconds
   * @without The pods stay on a node that shuts down or is lost, and nobody replaces them.
   */
  readonly lostNodeSeconds?: number;

  /**
   * How strictly the pods are spread over nodes and zones. Each revision is spread on its own.
   * @default over nodes `required`, over zones `preferred`
   */
  readonly spread?: Spread;

  /**
   * Which pods the Service prefers for a client. `PreferClose`, from Kubernetes 1.31, and its newer name
   * `PreferSameZone`, from 1.35: those in the client's zone; `PreferSameNode`, from 1.35: those on the client's node.
   * Others serve it if no preferred pod is ready, not if one is busy. From 1.35, the API server warns about
   * `PreferClose`.
   * @default none: every ready pod is equally likely
   * @explains Service.spec.trafficDistribution
   * @without Connections go to pods in every zone, which takes longer, and which most clouds charge for.
   */
  readonly trafficDistribution?: TrafficDistribution;

  /**
   * Port at which every node of the cluster serves HTTP, within `nodePortRange`. Makes the Service one of type
   * NodePort, without a port for gRPC, which would get a random port of the nodes; in the cluster, the headless Service
   * has one.
   * @default none: the Service is of type ClusterIP
   * @explains Service.spec.ports[name=http].nodePort
   * @without No port of a node leads to the Service. On kind, neither does the port of your machine.
   */
  readonly nodePort?: number;

  /**
   * Port at which every node of the cluster serves gRPC, within `nodePortRange`. Needs `nodePort`.
   * @default none
   * @explains Service.spec.ports[name=grpc].nodePort
   * @without With `nodePort`, only the headless Service has a port for gRPC.
   */
  readonly grpcNodePort?: number;

  /**
   * The lowest and the highest node port of the cluster, if its API server has another `--service-node-port-range`.
   * @default [30000, 32767]
   */
  readonly nodePortRange?: readonly [lowest: number, highest: number];

  /**
   * Name of the Secret that holds the API key in its entry `api-key`, or several, one a line. Lower-case letters,
   * digits, dashes and dots, at most 253 characters.
   * @default `<name>-api-key`; with `jwt`, none: requests need a token
   * @explains PodSpec.volumes[name=api-key].secret.secretName
   * @without Kubernetes refuses the volume.
   */
  readonly apiKeySecret?: string;

  /**
   * Why requests need no API key, in words for whoever reviews it: pods start even if that Secret does not exist. If it
   * does, they require the key all the same. Becomes an annotation of the Deployment.
   * @default none: without the Secret, no pod starts
   */
  readonly unauthenticated?: string;

  /**
   * JSON Web Tokens that requests may have. With `apiKeySecret`, they may have the API key instead.
   * @default none: requests need the API key
   */
  readonly jwt?: JwtProps;

  /**
   * Peers that may connect to the ports for HTTP and gRPC; an empty list allows nobody. Takes effect only in clusters
   * whose network plugin enforces NetworkPolicies.
   * @default everyone may connect
   */
  readonly allowFrom?: readonly k8s.NetworkPolicyPeer[];

  /**
   * Peers that may connect to the management port, which serves probes and metrics: what scrapes the metrics.
   * Kubernetes can always probe the pods; an empty list allows nobody else. Takes effect only in clusters whose network
   * plugin enforces NetworkPolicies.
   * @default every pod of the cluster may connect
   */
  readonly allowManagementFrom?: readonly k8s.NetworkPolicyPeer[];

  /**
   * Name of an existing PriorityClass for the pods. Lower-case letters, digits, dashes and dots, at most 253
   * characters.
   * @default none: the cluster's default priority
   * @explains PodSpec.priorityClassName
   * @without The pods have the cluster's default priority: on full nodes, others may displace them.
   */
  readonly priorityClassName?: string;
}
