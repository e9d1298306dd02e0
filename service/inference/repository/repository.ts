import { availableParallelism } from 'node:os';
import { isAbsolute, join, normalize } from 'node:path';
import type { Engine } from '../../../onnx/engine/engine.ts';
import { compareVersions, modelFolders } from '../../../onnx/file/model-folders.ts';
import { leastBodyBytes, paths, type Check } from '../../contract/index.ts';
import { ServiceError } from '../../errors.ts';
import { fittingBodyBytes, rowBytes } from './body-size.ts';
import type { ExecutorObservers } from '../queue/executor.ts';
import { formatValue } from '../format-value.ts';
import { loadEntry, type LoadedEntry, type LoadOptions, type ModelEntry } from './entry.ts';
import type { Engines, LoadModelOptions } from './load-model.ts';
import { Slots } from '../../../onnx/slots.ts';

/** The models in a folder: each `NAME/model.onnx` and `NAME/<version>/model.onnx`. */
export class ModelRepository {
  /** By folder. After loading, `name` and `version` come from model.json. */
  readonly #entries = new Map<string, ModelEntry>();
  /** By name, in the order of their versions. */
  #versions = new Map<string, ModelEntry[]>();
  #complete = false;
  #bodyBytes = leastBodyBytes;
  #state: Check = { name: 'repository', ok: false, detail: 'The models are not loaded yet.' };
  readonly #dir: string;
  readonly #default: string | undefined;

  /** @param defaultModel the model of requests that name none; by default the only model */
  constructor(dir: string, defaultModel?: string) {
    this.#dir = dir;
    this.#default = defaultModel;
  }

  get entries(): readonly ModelEntry[] {
    return [...this.#entries.values()];
  }

  /** Whether every model is loaded, or has failed. */
  get complete(): boolean {
    return this.#complete;
  }

  get loaded(): readonly LoadedEntry[] {
    return this.entries.filter((entry) => entry.state === 'loaded');
  }

  /** The bytes of the largest request body if none are set: what one row of each loaded model takes as JSON. */
  get bodyBytes(): number {
    return this.#bodyBytes;
  }

  /**
   * Loads every model, several at once. If one fails, it is kept with the reason, and the others are still loaded.
   *
   * @param engine runs the models on the event loop
   */
  async load(engine: Engine, options: LoadOptions): Promise<void> {
    const folders = await modelFolders(this.#dir);
    for (const folder of folders) this.#set({ version: '1', ...folder, state: 'loading' });
    const [loading, measuring] = [new Slots(availableParallelism()), new Slots(1)];
    const exclusively: LoadModelOptions['exclusively'] = (work) => measuring.use(work);
    const engines: Engines = { eventLoop: engine, process: options.processEngine };
    const results = folders.map((folder) =>
      loading.use(() => loadEntry(this.#dir, folder, engines, { ...options, exclusively })),
    );
    // In the order of the folders, so that of two models with the same name the same one is served each time.
    for (const result of results) {
      const entry = await this.#withoutTwin(await result);
      this.#set(entry);
      if (entry.state === 'loaded') watch(entry, options.observers);
    }
    const rows = this.loaded.map(({ model }) => rowBytes(model.signature));
    this.#bodyBytes = fittingBodyBytes(rows, options.maxInFlightBytes && options.maxInFlightBytes / 2);
    this.#complete = true;
    this.#state =
      folders.length > 0
        ? {
            name: 'repository',
            ok: true,
            detail: `Found ${folders.length} ${folders.length === 1 ? 'model' : 'models'}.`,
          }
        : {
            name: 'repository',
            ok: false,
            detail: 'There is no model in the models folder (MODELS_DIR): expected NAME/model.onnx.',
            final: true,
          };
    if (this.#default !== undefined && folders.length > 0 && this.versions(this.#default).length === 0) {
      this.#state = {
        name: 'repository',
        ok: false,
        detail: `DEFAULT_MODEL is '${this.#default}', which is not the name of a model. ${this.#served()}`,
        final: true,
      };
    }
  }

  /** Fails a model if another one with the same name and version is loaded. */
  async #withoutTwin(entry: ModelEntry): Promise<ModelEntry> {
    if (entry.state !== 'loaded') return entry;
    const { folder, name, version, model } = entry;
    const twin = this.loaded.find((other) => other.name === name && other.version === version);
    if (twin === undefined) return entry;
    await model.release();
    const reason =
      `The model in ${twin.folder} is also called '${name}', version ${version}. ` +
      'Change "name" or "version" in one model.json.';
    return { folder, name: folder.split('/')[0] ?? folder, version, state: 'failed', reason };
  }

  /** Returns every version of a model, the default version last. */
  versions(name: string): readonly ModelEntry[] {
    return this.#versions.get(name) ?? [];
  }

  /**
   * Returns a loaded model by its name. Without a version, it is the highest.
   *
   * @throws {ServiceError} `model-not-found`, naming the available models, or `model-not-ready` if it is not loaded
   */
  get(name: string, version?: string): LoadedEntry {
    const entry = this.#find(name, version);
    if (entry.state === 'loading')
      throw new ServiceError('model-not-ready', `The model '${name}' is loading. Try again later.`);
    if (entry.state === 'failed')
      throw new ServiceError(
        'model-not-ready',
        `The model '${name}' could not be loaded. GET ${paths.models} says why.`,
      );
    return entry;
  }

  /**
   * Returns whether a model is loaded and has just reproduced its examples.
   *
   * @throws {ServiceError} `model-not-found`
   */
  async ready(name: string, version?: string): Promise<boolean> {
    const entry = this.#find(name, version);
    return entry.state === 'loaded' && (await entry.verifier.verify()).ok;
  }

  #find(name: string, version: string | undefined): ModelEntry {
    const versions = this.versions(name);
    if (versions.length === 0)
      throw new ServiceError('model-not-found', `There is no model ${formatValue(name)}. ${this.#served()}`);
    const entry = version === undefined ? versions.at(-1) : versions.find((each) => each.version === version);
    if (entry === undefined) {
      throw new ServiceError(
        'model-not-found',
        `The model '${name}' has no version ${formatValue(version)}. Its versions are ` +
          `${versions.map((each) => each.version).join(', ')}.`,
      );
    }
    return entry;
  }

  /** The model of requests that name none; undefined if there is no model, or if there are several. */
  get defaultName(): string | undefined {
    if (this.#default !== undefined) return this.#default;
    const [only] = this.#versions.keys();
    return this.#versions.size === 1 ? only : undefined;
  }

  /** Returns the default model. @throws {ServiceError} if there is none */
  default(): LoadedEntry {
    const name = this.defaultName;
    if (name !== undefined && this.#versions.has(name)) return this.get(name);
    if (this.#entries.size === 0) throw new ServiceError('model-not-ready', this.#state.detail);
    throw new ServiceError(
      'model-not-found',
      `There are several models and no default. Name one in the path, or set DEFAULT_MODEL. ${this.#served()}`,
    );
  }

  /**
   * Returns the checks for readiness: there are models, each is loaded, and each has just reproduced its examples.
   *
   * @param patienceMs how long to wait for models that have not; by default less than the timeout of probes
   */
  async checks(patienceMs?: number): Promise<Check[]> {
    const models = await Promise.all(
      this.entries.map(async (entry): Promise<Check> => {
        const name = `model/${entry.folder}`;
        if (entry.state === 'loading') return { name, ok: false, detail: 'The model is loading.' };
        if (entry.state === 'failed')
          return { name, ok: false, detail: this.#withoutFolder(entry.reason), final: true };
        return { name, ...(await entry.verifier.verify(patienceMs)) };
      }),
    );
    return [this.#state, ...models];
  }

  /** Runs what is accepted, then frees the models' memory. */
  async release(): Promise<void> {
    await Promise.all(
      this.loaded.map(async ({ executor, model }) => {
        await executor.close();
        await model.release();
      }),
    );
  }

  /** Returns a message with paths relative to the models folder: anyone may request probes. The log has whole paths. */
  #withoutFolder(message: string): string {
    const folder = normalize(this.#dir);
    return isAbsolute(folder) ? message.replaceAll(join(folder, '/'), '') : message;
  }

  #set(entry: ModelEntry): void {
    this.#entries.set(entry.folder, entry);
    this.#versions = new Map();
    for (const each of this.#entries.values())
      this.#versions.set(each.name, [...(this.#versions.get(each.name) ?? []), each]);
    for (const versions of this.#versions.values()) versions.sort((a, b) => compareVersions(a.version, b.version));
  }

  #served(): string {
    return `Available models: ${[...new Set(this.loaded.map(({ name }) => name))].join(', ') || 'none'}.`;
  }
}

function watch({ name, executor, session }: LoadedEntry, observers: ExecutorObservers | undefined): void {
  observers?.watch(
    name,
    () => executor.queuedRows,
    () => session.process?.restarts ?? 0,
  );
}
