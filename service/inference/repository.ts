import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Engine, EngineOptions } from '../../onnx/engine/engine.ts';
import { Model } from '../../onnx/model.ts';
import type { Check } from '../contract/index.ts';
import { ServiceError } from '../errors.ts';
import { Verifier } from './verifier.ts';

/** One folder of the repository, and what became of it. */
export type Entry =
  | { readonly folder: string; readonly state: 'loading' }
  | { readonly folder: string; readonly state: 'failed'; readonly reason: string }
  | LoadedEntry;

export interface LoadedEntry {
  readonly folder: string;
  readonly state: 'loaded';
  readonly model: Model;
  readonly verifier: Verifier;
  readonly loadSeconds: number;
}

/** The models of a folder: each sub-folder with a `model.onnx` is one. */
export class ModelRepository {
  #entries = new Map<string, Entry>();
  #state: Check = { name: 'repository', ok: false, detail: 'The models are not loaded yet.' };
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
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
    for (const folder of folders) this.#entries.set(folder, { folder, state: 'loading' });
    for (const folder of folders) this.#entries.set(folder, await this.#loadOne(folder, engine, options));
    this.#state = folders.length > 0
      ? { name: 'repository', ok: true, detail: `${folders.length} found in ${this.#dir}.` }
      : { name: 'repository', ok: false, detail: `No model in ${this.#dir}: expected NAME/model.onnx in it.`, final: true };
  }

  async #loadOne(folder: string, engine: Engine, options: EngineOptions): Promise<Entry> {
    const started = performance.now();
    try {
      const model = await Model.load(join(this.#dir, folder), engine, options);
      const name = model.signature.name;
      if (this.loaded.some((other) => other.model.signature.name === name)) {
        return { folder, state: 'failed', reason: `Another folder's model is called '${name}' too: change "name" in one model.json.` };
      }
      return { folder, state: 'loaded', model, verifier: new Verifier(model), loadSeconds: (performance.now() - started) / 1000 };
    } catch (error) {
      return { folder, state: 'failed', reason: error instanceof Error ? error.message : String(error) };
    }
  }

  /** @throws ServiceError `model-not-found`, naming those that are served; `model-not-ready` while loading. */
  get(name: string): Model {
    const entry = this.loaded.find(({ model }) => model.signature.name === name);
    if (entry) return entry.model;
    const other = this.#entries.get(name);
    if (other && other.state !== 'loaded') throw new ServiceError('model-not-ready', `The model '${name}' is ${other.state}.`);
    throw new ServiceError('model-not-found', `There is no model '${name}'. ${this.#served()}`);
  }

  /** The only model. @throws ServiceError where there is none or several. */
  default(): Model {
    const [first, ...others] = this.entries;
    if (!first) throw new ServiceError('model-not-ready', this.#state.detail);
    if (others.length > 0) throw new ServiceError('model-not-found', `There is no default among several models. ${this.#served()}`);
    if (first.state !== 'loaded') throw new ServiceError('model-not-ready', `The model '${first.folder}' is ${first.state}.`);
    return first.model;
  }

  /** What readiness rests on: there are models, each is loaded, and each has just reproduced its examples. */
  async checks(): Promise<Check[]> {
    const models = await Promise.all(this.entries.map(async (entry): Promise<Check> => {
      const name = `model/${entry.folder}`;
      if (entry.state === 'loading') return { name, ok: false, detail: 'The model is loading.' };
      if (entry.state === 'failed') return { name, ok: false, detail: entry.reason, final: true };
      return { name, ...(await entry.verifier.verify()) };
    }));
    return [this.#state, ...models];
  }

  async release(): Promise<void> {
    await Promise.all(this.loaded.map(({ model }) => model.release()));
  }

  #served(): string {
    return `Served: ${this.loaded.map(({ model }) => model.signature.name).join(', ') || 'none'}.`;
  }
}

/** Sub-folders that hold a model, in the alphabet's order. Hidden ones are passed over: a mounted volume has `..data`. */
async function modelFolders(dir: string): Promise<string[]> {
  const names = (await readdir(dir)).filter((name) => !name.startsWith('.'));
  return names.filter((name) => existsSync(join(dir, name, 'model.onnx'))).sort();
}
