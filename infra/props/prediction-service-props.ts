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
  /** The amount that a node must have free to run a pod. Above zero. */
  readonly request: string;
  /** The most that a pod may use. Not below the request. */
  readonly limit: string;
}

/** The resources of each pod. */
export interface Resources {
  /**
   * Processor time, in CPUs (`1`) or thousandths of a CPU (`250m`). The limit, rounded up, is also the number of
   * inference threads. With the limit `none`, it is the request, rounded up.
   */
  readonly cpu: RequestAndLimit;
  /** Memory, in bytes with a suffix (`512Mi`). Half of the limit, which is at least `64Mi`, becomes Node's heap. */
  readonly memory: RequestAndLimit;
  /** Disk space for the container's log files and /tmp, in bytes with a suffix (`64Mi`). */
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
   */
  readonly name: string;

  /**
   * Reference of the image, with a tag other than `latest`, a digest, or both:
   * `registry.example.com/iris-server:v0.1.0@sha256:…`.
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
   */
  readonly imagePullPolicy?: 'Always' | 'IfNotPresent' | 'Never';

  /**
   * Number of pods to keep running, 0 or more. A HorizontalPodAutoscaler overrides it.
   * @default 2
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
   */
  readonly publicProbes?: boolean;

  /**
   * Whether the documentation, `/docs` and `/openapi.json`, needs no API key. It describes the models and their inputs.
   * @default false: it needs the key, if there is one
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
   */
  readonly drainDelaySeconds?: number;

  /**
   * Maximum seconds to receive a request and send its response, 1 or more.
   * @default 15, the service's default
   */
  readonly requestTimeoutSeconds?: number;

  /**
   * Seconds after which Kubernetes kills a terminating pod. At least `drainDelaySeconds + requestTimeoutSeconds + 5`.
   * @default 30, the service's default
   */
  readonly gracePeriodSeconds?: number;

  /**
   * Seconds that a pod has to load its models before Kubernetes restarts it, 1 or more. Large models need more.
   * @default 120
   */
  readonly startupSeconds?: number;

  /**
   * Seconds that a new pod must stay ready before a rollout continues, 0 or more. Catches pods that crash on their
   * first requests.
   * @default 5
   */
  readonly minReadySeconds?: number;

  /**
   * Seconds without progress after which a rollout counts as failed. More than `startupSeconds + minReadySeconds`.
   * @default startupSeconds + minReadySeconds + 180, which leaves time to schedule the pod and pull the image
   */
  readonly progressDeadlineSeconds?: number;

  /**
   * Number of old revisions that `kubectl rollout undo` can return to, 0 or more.
   * @default 5
   */
  readonly revisionHistoryLimit?: number;

  /**
   * Seconds after which Kubernetes replaces the pods of a node that it has lost contact with, 0 or more.
   * @default 30
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
   */
  readonly trafficDistribution?: TrafficDistribution;

  /**
   * Port at which every node of the cluster serves HTTP, within `nodePortRange`. Makes the Service one of type
   * NodePort, without a port for gRPC, which would get a random port of the nodes; in the cluster, the headless Service
   * has one.
   * @default none: the Service is of type ClusterIP
   */
  readonly nodePort?: number;

  /**
   * Port at which every node of the cluster serves gRPC, within `nodePortRange`. Needs `nodePort`.
   * @default none
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
   */
  readonly priorityClassName?: string;
}
