/** An OCI image that contains a models folder at its root, and nothing that runs. The nodes mount it. */
export interface ModelImage {
  /**
   * Reference of the image, as `rhizome push-model` prints it: with a tag other than `latest`, a digest, or both. Nodes
   * pull it with `imagePullSecrets`.
   */
  readonly image: string;

  /**
   * When a node pulls the image: `Always`, `IfNotPresent` or `Never`.
   * @default `imagePullPolicy`
   */
  readonly pullPolicy?: 'Always' | 'IfNotPresent' | 'Never';

  /**
   * Whether the cluster has the feature gate `ImageVolume`, which is off by default before Kubernetes 1.35.
   * @default false
   */
  readonly featureGate?: boolean;
}

/** A PersistentVolumeClaim that contains a models folder. */
export interface ModelClaim {
  /** Name of the claim. With several nodes, it must allow reading from many. */
  readonly claim: string;

  /**
   * The models folder in the volume, such as `2026-11-29`. A folder for each release makes a new release replace the
   * pods, and an undo return to the old one.
   * @default the root of the volume
   */
  readonly path?: string;
}

/** A file that each pod downloads before it starts. */
export interface ModelDownload {
  /**
   * Where the file is: an http or https URL without user, query and fragment. The file is a model, `model.onnx`, or an
   * archive, `.tar.gz`, of a models folder or of the folder of one model.
   */
  readonly url: string;

  /** The SHA-256 of the file, in hexadecimal. Another one replaces the pods. */
  readonly sha256: string;

  /**
   * Name of the model if the file is a single one, or the folder of a single one.
   * @default the file's name in the URL, without its extension
   */
  readonly name?: string;

  /**
   * Name of a Secret with the credentials. Its entries decide what they are: `token` is a bearer token, `query` the
   * query of a presigned URL, and `AWS_ACCESS_KEY_ID` with `AWS_SECRET_ACCESS_KEY` are the keys of an S3-compatible
   * storage.
   * @default none: everyone may download the file
   */
  readonly secret?: string;

  /**
   * Region of the S3-compatible storage, for the signature.
   * @default the region in the host's name, or else `us-east-1`
   */
  readonly region?: string;

  /**
   * Whether the host may have a private address, as in your own network or in the cluster. Loopback and link-local
   * addresses, such as that of a cloud's metadata service, are refused in either case.
   * @default false
   */
  readonly privateNetwork?: boolean;

  /**
   * Port of the pods if the host is a Service of the cluster: NetworkPolicies see this port instead of the Service's.
   * @default the port in the URL
   */
  readonly podPort?: number;

  /**
   * The most disk space for the file, and for what is unpacked from it, together. It is added to
   * `resources.ephemeralStorage`.
   * @default '1Gi'
   */
  readonly sizeLimit?: string;
}

/** A folder of the project that becomes a ConfigMap, for models of less than 1 MiB. */
export interface ModelConfigMap {
  /**
   * A models folder, or the folder of one model, such as `models/iris`. Relative to the folder in which the manifests
   * are synthesized. The ConfigMap is named after its content, so that a changed model replaces the pods.
   */
  readonly configMap: string;
}

/** Where the pods find their models, instead of in the image. */
export type ModelSource = ModelImage | ModelClaim | ModelDownload | ModelConfigMap;
