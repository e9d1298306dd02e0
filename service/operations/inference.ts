import type { Signature } from '../../onnx/signature/signature.ts';
import type { ModelMetadata, RepositoryIndexEntry, ServerMetadata } from '../contract/index.ts';
import { infer, type NamedTensor } from '../inference/infer.ts';
import type { LoadedEntry, ModelRepository } from '../inference/repository.ts';
import type { Lifecycle } from '../lifecycle/lifecycle.ts';
import { readiness } from '../lifecycle/readiness.ts';
import { modelMetadata, repositoryIndex, serverMetadata } from '../protocol/oip/metadata.ts';

export interface InferenceDependencies {
  readonly repository: ModelRepository;
  readonly lifecycle: Lifecycle;
  readonly requestTimeoutSeconds: number;
}

/** A model by its name; without a version, its default version. */
export interface ModelReference {
  readonly name: string;
  readonly version: string | undefined;
}

/** One call of `infer`, as its transport knows it. */
export interface InferCall<Request> extends ModelReference {
  /** Receives the model's name once the model is found, for the log and the metrics. */
  readonly setModel: (name: string) => void;
  /** Reads and decodes the request. It is only called if the model exists. */
  readonly read: () => Promise<Request>;
}

interface Tensors {
  readonly inputs: readonly NamedTensor[];
  /** The names of the requested outputs; empty for all. */
  readonly outputs: readonly string[];
}

export interface InferResult<Request> {
  readonly signature: Signature;
  readonly request: Request;
  readonly outputs: readonly NamedTensor[];
}

/**
 * The operations of the Open Inference Protocol, independent of the transport. `routes/inference.ts` and
 * `grpc/inference.ts` only decode requests and encode responses.
 */
export class InferenceOperations {
  readonly #dependencies: InferenceDependencies;

  constructor(dependencies: InferenceDependencies) {
    this.#dependencies = dependencies;
  }

  serverMetadata(): ServerMetadata {
    return serverMetadata();
  }

  async serverReady(): Promise<boolean> {
    const { repository, lifecycle } = this.#dependencies;
    return (await readiness(repository, lifecycle)).ready;
  }

  /** @throws {ServiceError} `model-not-found` */
  modelReady({ name, version }: ModelReference): Promise<boolean> {
    return this.#dependencies.repository.ready(name, version);
  }

  /** @throws {ServiceError} `model-not-found` or `model-not-ready` */
  modelMetadata(reference: ModelReference): Required<ModelMetadata> {
    const { signature } = this.#find(reference).model;
    const versions = this.#dependencies.repository.versions(signature.name);
    return modelMetadata(
      signature,
      versions.map(({ version }) => version),
    );
  }

  /**
   * @throws {ServiceError} `model-not-found`, `model-not-ready`, `invalid-input`, `overloaded`, `timeout`, or what
   *   `read` throws
   */
  async infer<Request extends Tensors>(call: InferCall<Request>): Promise<InferResult<Request>> {
    const { requestTimeoutSeconds } = this.#dependencies;
    const entry = this.#find(call);
    const { signature } = entry.model;
    call.setModel(signature.name);
    const request = await call.read();
    const deadline = performance.now() + requestTimeoutSeconds * 1000;
    const outputs = await infer(entry, request.inputs, request.outputs, { deadline });
    return { signature, request, outputs };
  }

  /** Returns every model and version; with `onlyReady`, only those that accept requests. */
  repositoryIndex(onlyReady: boolean): readonly RepositoryIndexEntry[] {
    return repositoryIndex(this.#dependencies.repository, onlyReady);
  }

  #find({ name, version }: ModelReference): LoadedEntry {
    return this.#dependencies.repository.get(name, version);
  }
}
