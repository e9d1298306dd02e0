import type {
  ModelConfig,
  ModelMetadata,
  ModelStatistics,
  RepositoryIndexEntry,
  ServerMetadata,
} from '../contract/index.ts';
import type { LoadedEntry } from '../inference/repository/entry.ts';
import type { ModelRepository } from '../inference/repository/repository.ts';
import type { Lifecycle } from '../lifecycle/lifecycle.ts';
import { readiness } from '../lifecycle/readiness.ts';
import { modelConfig } from '../protocol/oip/config.ts';
import { modelMetadata, repositoryIndex, serverMetadata } from '../protocol/oip/metadata.ts';
import { modelStatistics } from '../protocol/oip/statistics.ts';

export interface InferenceDependencies {
  readonly repository: ModelRepository;
  readonly lifecycle: Lifecycle;
}

/** A model by its name; without a version, its default version. */
export interface ModelReference {
  readonly name: string;
  readonly version: string | undefined;
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
    const { signature } = this.model(reference).model;
    const versions = this.#dependencies.repository.versions(signature.name);
    return modelMetadata(
      signature,
      versions.map(({ version }) => version),
    );
  }

  /** @throws {ServiceError} `model-not-found` or `model-not-ready` */
  modelConfig(reference: ModelReference): ModelConfig {
    const { model, executor } = this.model(reference);
    return modelConfig(model.signature, executor.plan);
  }

  /**
   * Returns the statistics of a version; without a version, of every loaded one of the model; without a reference, of
   * every loaded model.
   *
   * @throws {ServiceError} `model-not-found` or `model-not-ready`
   */
  statistics(reference?: ModelReference): readonly ModelStatistics[] {
    return this.#referenced(reference).map(modelStatistics);
  }

  #referenced(reference: ModelReference | undefined): readonly LoadedEntry[] {
    const { repository } = this.#dependencies;
    if (reference === undefined) return repository.loaded;
    const { name, version } = reference;
    const loaded = version === undefined ? repository.versions(name).filter((entry) => entry.state === 'loaded') : [];
    return loaded.length > 0 ? loaded : [this.model(reference)];
  }

  /** @throws {ServiceError} `model-not-found` or `model-not-ready` */
  model({ name, version }: ModelReference): LoadedEntry {
    return this.#dependencies.repository.get(name, version);
  }

  /** Returns every model and version; with `onlyReady`, only those that accept requests. */
  repositoryIndex(onlyReady: boolean): readonly RepositoryIndexEntry[] {
    return repositoryIndex(this.#dependencies.repository, onlyReady);
  }
}
