import type { k8s } from 'cdk8s-plus-27';
import type { Labels } from '../metadata/labels.ts';

/** An entry of a Secret or of a ConfigMap that exists in the namespace. */
export type EntryReference =
  | {
      /** Name of the Secret. */
      readonly secret: string;
      /** Name of its entry. */
      readonly key: string;
    }
  | {
      /** Name of the ConfigMap. */
      readonly configMap: string;
      /** Name of its entry. */
      readonly key: string;
    };

/** A volume of the pods, and where it is mounted. What it refers to must exist in the namespace. It is read-only. */
export type ExtraVolume = {
  /** Absolute path in the container. */
  readonly mountPath: string;
} & (
  | {
      /** Name of a Secret, whose entries become files. */
      readonly secret: string;
    }
  | {
      /** Name of a ConfigMap, whose entries become files. */
      readonly configMap: string;
    }
  | {
      /** Name of a PersistentVolumeClaim. With several nodes, it must allow reading from many. */
      readonly claim: string;
    }
);

/** A GPU for each pod. */
export interface Accelerator {
  /** What runs the models: `cuda`, on an NVIDIA GPU. The image must have the CUDA libraries. */
  readonly type: 'cuda';

  /**
   * Number of GPUs of each pod, 1 or more. The service uses the first.
   * @default 1
   */
  readonly count?: number;

  /**
   * Name of the resource, such as `nvidia.com/mig-1g.5gb` for a part of a GPU.
   * @default 'nvidia.com/gpu'
   */
  readonly resource?: string;

  /**
   * Labels of nodes with such a GPU. The default is the label of NVIDIA's GPU operator; without it, `{}`.
   * @default { 'nvidia.com/gpu.present': 'true' }
   */
  readonly nodeSelector?: Labels;
}

/** Props of the pods that not every service needs. */
export interface PodProps {
  /**
   * Names of Secrets with the credentials of registries. Lower-case letters, digits, dashes and dots, at most 253
   * characters.
   * @default none: the nodes' own credentials
   * @explains PodSpec.imagePullSecrets.**
   * @without A node whose own credentials are not enough cannot pull the image, and its pods never start.
   */
  readonly imagePullSecrets?: readonly string[];

  /**
   * Labels that a node must have to run the pods, such as `{ 'kubernetes.io/arch': 'arm64' }`.
   * @default none: every node
   * @explains PodSpec.nodeSelector.*
   * @without The pods run on any node, also on one that lacks what they need.
   */
  readonly nodeSelector?: Labels;

  /**
   * Taints of nodes on which the pods may run, in addition to lost nodes for `lostNodeSeconds`.
   * @default none
   * @explains PodSpec.tolerations[].**
   * @without The pods cannot run on nodes with this taint.
   */
  readonly tolerations?: readonly k8s.Toleration[];

  /**
   * Platforms of the image, such as `['linux/amd64', 'linux/arm64']`: pods run only on nodes of one of them. On another
   * one, their container would fail with `exec format error`.
   * @default none: every node; with `accelerator`, linux/amd64, for which alone there are CUDA libraries
   * @explains PodSpec.affinity.**
   * @without A pod on a node of another platform fails with `exec format error`.
   */
  readonly platforms?: readonly string[];

  /**
   * A GPU for each pod: `cuda`, or more about it. Sets the limit, a node selector, the toleration of the taint that
   * usually keeps other pods away, and EXECUTION_PROVIDER.
   * @default none: models run on the CPU
   */
  readonly accelerator?: 'cuda' | Accelerator;

  /**
   * Whether the users of the container are those of the node. With false, which needs Kubernetes 1.33, the container
   * has a user namespace of its own: a process that escapes from it has no rights on the node. Needs nodes with Linux
   * 6.3 and containerd 2.0 or newer, and file systems of volumes that support idmapped mounts, which NFS does not.
   * @default false if `kubernetesVersion` is 1.36 or newer and there is no `accelerator`, otherwise true
   * @explains PodSpec.hostUsers
   * @without A process that escapes from the container has the rights of its user on the node.
   */
  readonly hostUsers?: boolean;

  /**
   * Labels of the pods, in addition to those that the service sets, which start with `app.kubernetes.io/`. A change
   * replaces the pods.
   * @default none
   * @explains Deployment.spec.template.metadata.labels.*
   * @without What selects pods by this label, such as a report of costs, does not find them.
   */
  readonly podLabels?: Labels;

  /**
   * Annotations of the pods, for example for a mesh or a collector of logs. A change replaces the pods.
   * @default none
   * @explains Deployment.spec.template.metadata.annotations.*
   * @without What reads the annotation, such as a mesh, treats the pods like any others.
   */
  readonly podAnnotations?: Labels;

  /**
   * Environment variables for libraries, or for your own code in the service: texts, or entries of Secrets and
   * ConfigMaps. Variables of the service go into `settings`, which checks them. A changed Secret takes effect when a
   * pod starts.
   * @default none
   * @explains Container.env[].**
   * @without The library or the code that reads the variable uses its own default, or fails.
   */
  readonly env?: Readonly<Record<string, string | EntryReference>>;

  /**
   * Volumes of your own by name, such as `{ certificates: { configMap: 'ca', mountPath: '/etc/ssl/own' } }`. They are
   * read-only.
   * @default none
   * @explains PodSpec.volumes[].**
   * @explains Container.volumeMounts[].**
   * @without The container has no such files.
   */
  readonly volumes?: Readonly<Record<string, ExtraVolume>>;
}
