import type { ProcessEngine } from '../../../onnx/engine/process/process-engine.ts';
import type { ModelFolder } from '../../../onnx/file/model-folders.ts';
import type { Model } from '../../../onnx/model.ts';
import type { Signature } from '../../../onnx/signature/signature.ts';
import type { EmptyTrials } from '../empty-trials.ts';
import type { PlacedSession } from '../placement/placed-engine.ts';
import type { OverriddenPlacement } from '../placement/placement.ts';
import { Executor, type ExecutorObservers } from '../queue/executor.ts';
import { watchedSession, type RunWatcher } from '../queue/watched-session.ts';
import { loadModel, type Engines, type LoadModelOptions } from './load-model.ts';
import { Verifier } from './verifier.ts';

/** One version of a model and its state. */
export type ModelEntry =
  | (Place & { readonly state: 'loading' })
  | (Place & { readonly state: 'failed'; readonly reason: string })
  | LoadedEntry;

/** Where a model is, and what it is called. */
export interface Place {
  readonly folder: string;
  readonly name: string;
  readonly version: string;
}

export interface LoadedEntry extends Place {
  readonly state: 'loaded';
  readonly model: Model;
  /** Runs the model for every request. */
  readonly executor: Executor;
  /** Where the model runs. */
  readonly session: PlacedSession;
  /** The setting of its placement that it does not have, and why. */
  readonly overridden?: OverriddenPlacement | undefined;
  /** Tries tensors without elements. */
  readonly emptyTrials?: EmptyTrials | undefined;
  readonly verifier: Verifier;
  readonly loadSeconds: number;
}

export interface LoadOptions extends Omit<LoadModelOptions, 'exclusively'> {
  /** Loads models that run in processes of their own. @default every model runs on the event loop */
  readonly processEngine?: ProcessEngine | undefined;
  /** @default nobody observes the queues and the runs */
  readonly observers?: ExecutorObservers;
  /** Returns what sees the runs of a model's requests. @default nothing does */
  readonly watch?: (signature: Signature) => RunWatcher | undefined;
  /** The most bytes of request bodies in memory, of which the largest body may be half. @default 64 MiB */
  readonly maxInFlightBytes?: number | undefined;
}

/** Loads one model. Never rejects: if it fails, the entry says why. */
export async function loadEntry(
  dir: string,
  folder: ModelFolder,
  engines: Engines,
  options: LoadOptions & LoadModelOptions,
): Promise<ModelEntry> {
  const started = performance.now();
  try {
    const { model, session, plan, overridden, emptyTrials } = await loadModel(dir, folder, engines, options);
    const { name, version } = model.signature;
    const watcher = options.watch?.(model.signature);
    const runs = watcher === undefined ? model : watchedSession(model, watcher);
    return {
      folder: folder.folder,
      name,
      version,
      state: 'loaded',
      model,
      executor: new Executor(model.signature, runs, plan, options.observers?.of(name)),
      session,
      overridden,
      emptyTrials,
      verifier: new Verifier(model, { outage: () => session.process?.outage }),
      loadSeconds: (performance.now() - started) / 1000,
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { version: '1', ...folder, state: 'failed', reason };
  }
}
