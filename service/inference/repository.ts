import { join } from 'node:path';
import type { Engine, EngineOptions } from '../../onnx/engine/engine.ts';
import { Model } from '../../onnx/model.ts';
import { compareVersions, modelFolders, type ModelFolder } from '../../onnx/file/model-folders.ts';
import type { Check } from '../contract/index.ts';
import { ServiceError } from '../errors.ts';
import { shown } from './format-value.ts';
import { Verifier } from './verifier.ts';

/** One version of a model, and what became of it. */
export type Entry =
  | (Place & { readonly state: 'loading' })
  | (Place & { readonly state: 'failed'; readonly reason: string })
  | LoadedEntry;

interface Place {
  readonly folder: string;
  readonly name: string;
  readonly version: string;
}

export interface LoadedEntry extends Place {
  readonly state: 'loaded';
  readonly model: Model;
  readonly verifier: Verifier;
  readonly loadSeconds: number;
}

/** The models of a folder: each `NAME/model.onnx` and `NAME/<version>/model.onnx` is one. */
export class ModelRepository {
  /** By folder; once loaded, `name` and `version` are what model.json says. */
  #entries = new Map<string, Entry>();
  #state: Check = { name: 'repository', ok: false, detail: 'The models are not loaded yet.' };
  readonly #dir: string;
  readonly #default: string | undefined;

  /** @param defaultModel the model that is meant where a request names none; by default the only one */
  constructor(dir: string, defaultModel?: string) {
    this.#dir = dir;
    this.#default = defaultModel;
  }

  get entries(): readonly Entry[] {
    return [...this.#entries.values()];
  }

  get loaded(): readonly LoadedEntry[] {
    return this.entries.filter((entry) => entry.state === 'loaded');
  }

  /** Loads every model; one that fails is kept with its reason, and does not keep the others from loading. */
  async load(engine: Engine, options: EngineOptions): Promise<void> {
    const folders = await modelFolders(this.#dir);
    for (const folder of folders) this.#entries.set(folder.folder, { version: '1', ...folder, state: 'loading' });
    for (const folder of folders) this.#entries.set(folder.folder, await this.#loadOne(folder, engine, options));
    this.#state =
      folders.length > 0
        ? { name: 'repository', ok: true, detail: `${folders.length} found in ${this.#dir}.` }
        : {
            name: 'repository',
            ok: false,
            detail: `No model in ${this.#dir}: expected NAME/model.onnx in it.`,
            final: true,
          };
    if (this.#default !== undefined && folders.length > 0 && this.versions(this.#default).length === 0) {
      this.#state = {
        name: 'repository',
        ok: false,
        detail: `DEFAULT_MODEL is '${this.#default}', which is no model of ${this.#dir}. ${this.#served()}`,
        final: true,
      };
    }
  }

  async #loadOne(place: ModelFolder, engine: Engine, options: EngineOptions): Promise<Entry> {
    const started = performance.now();
    try {
      const model = await Model.load(join(this.#dir, place.folder), engine, options, place);
      const { name, version } = model.signature;
      const twin = this.loaded.find((other) => other.name === name && other.version === version);
      if (twin !== undefined) {
        const reason = `The model of ${twin.folder} is called '${name}', version ${version}, too: change "name" or "version" in one model.json.`;
        return { ...place, version, state: 'failed', reason };
      }
      return {
        folder: place.folder,
        name,
        version,
        state: 'loaded',
        model,
        verifier: new Verifier(model),
        loadSeconds: (performance.now() - started) / 1000,
      };
    } catch (error) {
      return {
        version: '1',
        ...place,
        state: 'failed',
        reason: error instanceof Error ? error.message : String(error),
      };
    }
  }

  /** Every version of a model, the default last. */
  versions(name: string): readonly Entry[] {
    return this.entries.filter((entry) => entry.name === name).sort((a, b) => compareVersions(a.version, b.version));
  }

  /**
   * A model of the name; without a version its highest.
   * @throws ServiceError `model-not-found`, naming those that are served; `model-not-ready` while it is not loaded
   */
  get(name: string, version?: string): Model {
    const entry = this.#find(name, version);
    if (entry.state !== 'loaded') throw new ServiceError('model-not-ready', `The model '${name}' is ${entry.state}.`);
    return entry.model;
  }

  /** Whether a model is loaded and has just been proven. @throws ServiceError `model-not-found` */
  async ready(name: string, version?: string): Promise<boolean> {
    const entry = this.#find(name, version);
    return entry.state === 'loaded' && (await entry.verifier.verify()).ok;
  }

  #find(name: string, version: string | undefined): Entry {
    const versions = this.versions(name);
    if (versions.length === 0)
      throw new ServiceError('model-not-found', `There is no model ${shown(name)}. ${this.#served()}`);
    const entry = version === undefined ? versions.at(-1) : versions.find((each) => each.version === version);
    if (entry === undefined) {
      throw new ServiceError(
        'model-not-found',
        `The model '${name}' has no version ${shown(version)}: it has ${versions.map((each) => each.version).join(', ')}.`,
      );
    }
    return entry;
  }

  /** Name of the model that is meant where a request names none; undefined where there is none, or several. */
  get defaultName(): string | undefined {
    if (this.#default !== undefined) return this.#default;
    const names = new Set(this.entries.map(({ name }) => name));
    const [only] = names;
    return names.size === 1 ? only : undefined;
  }

  /** The default model. @throws ServiceError where there is none or several. */
  default(): Model {
    const name = this.defaultName;
    if (name !== undefined && this.versions(name).length > 0) return this.get(name);
    if (this.entries.length === 0) throw new ServiceError('model-not-ready', this.#state.detail);
    throw new ServiceError(
      'model-not-found',
      `There is no default among several models: name one in the path, or in DEFAULT_MODEL. ${this.#served()}`,
    );
  }

  /** What readiness rests on: there are models, each is loaded, and each has just reproduced its examples. */
  async checks(): Promise<Check[]> {
    const models = await Promise.all(
      this.entries.map(async (entry): Promise<Check> => {
        const name = `model/${entry.folder}`;
        if (entry.state === 'loading') return { name, ok: false, detail: 'The model is loading.' };
        if (entry.state === 'failed') return { name, ok: false, detail: entry.reason, final: true };
        return { name, ...(await entry.verifier.verify()) };
      }),
    );
    return [this.#state, ...models];
  }

  async release(): Promise<void> {
    await Promise.all(this.loaded.map(({ model }) => model.release()));
  }

  #served(): string {
    return `Served: ${[...new Set(this.loaded.map(({ name }) => name))].join(', ') || 'none'}.`;
  }
}
