import { join } from 'node:path';
import type { Engine } from '../../../onnx/engine/engine.ts';
import type { ProcessEngine, ProcessOptions } from '../../../onnx/engine/process/process-engine.ts';
import { readModelFile } from '../../../onnx/file/model-file.ts';
import type { ModelFolder } from '../../../onnx/file/model-folders.ts';
import { Model } from '../../../onnx/model.ts';
import { readModelJson, type ModelJson } from '../../../onnx/signature/model-json.ts';
import { calibrate, firstRuns, type Calibration } from '../placement/calibration.ts';
import { PlacedEngine, type LoadAt, type PlacedSession } from '../placement/placed-engine.ts';
import {
  dependentPlacement,
  firstPlacement,
  measuredPlacement,
  overriddenPlacement,
  type ModelFacts,
  type OverriddenPlacement,
  type Placement,
  type PlacementSetting,
} from '../placement/placement.ts';
import { mostOutputBytes } from '../request-size.ts';
import {
  largestResponse,
  servingPlan,
  unmeasuredPlan,
  type ServingPlan,
  type ServingSettings,
} from '../queue/serving-plan.ts';
import { EmptyTrials } from '../empty-trials.ts';
import { SupervisedSession, type ProcessEvent } from '../placement/supervisor.ts';
import { within } from '../within.ts';

/** Where models can run. */
export interface Engines {
  readonly eventLoop: Engine;
  /** @default models always run on the event loop */
  readonly process?: ProcessEngine | undefined;
}

export interface LoadModelOptions extends ServingSettings {
  /** Threads that one run may use. */
  readonly threads: number;
  /** The most bytes that a model's file and its weights may have. @default unlimited */
  readonly mostBytes?: number | undefined;
  /** The most memory of one inference process, in bytes. @default unlimited */
  readonly inferenceMemoryBytes?: number | undefined;
  /** @default auto */
  readonly placement?: PlacementSetting | undefined;
  /** Receives the ends of inference processes. @default nothing */
  readonly onProcessEnd?: ((event: ProcessEvent) => void) | undefined;
  /**
   * Whether to measure the model. Without it, rows are stacked if the graph declares a dimension of rows.
   * @default true
   */
  readonly measure?: boolean;
  /** Runs one measurement at a time: two at once would disturb each other. @default immediately */
  readonly exclusively?: <T>(work: () => Promise<T>) => Promise<T>;
}

export interface PlannedModel {
  readonly model: Model;
  readonly session: PlacedSession;
  readonly plan: ServingPlan;
  /** Undefined if the model runs where the settings ask for. */
  readonly overridden?: OverriddenPlacement | undefined;
  /** Undefined if no model has a process of its own. */
  readonly emptyTrials?: EmptyTrials | undefined;
}

/** Loads a model, measures it, and decides where and how it runs. @throws {ModelLoadError} */
export async function loadModel(
  dir: string,
  folder: ModelFolder,
  engines: Engines,
  options: LoadModelOptions,
): Promise<PlannedModel> {
  const path = join(dir, folder.folder, 'model.onnx');
  let json: ModelJson = {};
  const { threads, mostBytes } = options;
  const setting = (): PlacementSetting => json.serving?.placement ?? options.placement ?? 'auto';
  const policy: PlacementPolicy = {
    first: (facts) => (engines.process === undefined ? 'event-loop' : firstPlacement(facts, setting())),
    measured: (facts, rowMs) =>
      engines.process === undefined ? 'event-loop' : measuredPlacement(facts, rowMs, setting()),
    dependent: (facts) => (engines.process === undefined ? 'event-loop' : dependentPlacement(facts, setting())),
  };
  const reread = (): ReturnType<typeof readModelFile> => readModelFile(path, { mostBytes, json });
  const engine = new PlacedEngine(loadAt(engines, folder.name, reread, options), policy.first, reread);
  const model = await Model.open(path, engine, { threads, mostBytes, samples: true }, folder, async () => {
    json = await readModelJson(join(dir, folder.folder, 'model.json'));
    return json;
  });
  const own = json.serving ?? {};
  const { session } = engine;
  if (options.measure === false) return { model, session, plan: unmeasuredPlan(model.signature.batching) };
  try {
    const exclusively = options.exclusively ?? ((work) => work());
    const { requestTimeoutSeconds: seconds = 15 } = options;
    const calibration = await exclusively(() =>
      within(seconds * 1000, measured(model, session, policy, own.maxBatch ?? options.maxBatch), (): Calibration => ({
        costs: [],
        unstackable: `the model did not run within ${seconds} s`,
      })),
    );
    const settings = {
      ...options,
      ...(own.maxBatch !== undefined && { maxBatch: own.maxBatch }),
      ...(own.maxDelayMs !== undefined && { maxDelayMs: own.maxDelayMs }),
      ...(own.maxQueue !== undefined && { maxQueueRows: own.maxQueue }),
    };
    const plan = servingPlan(calibration, session.placement, settings);
    const overridden = overriddenPlacement(session.facts, session.placement, own.placement, options.placement);
    return { model, session, plan, overridden, emptyTrials: trialsOf(model, engines, reread, options) };
  } catch (error) {
    await model.release();
    throw error;
  }
}

/** Where a model runs, by what is known about it. */
interface PlacementPolicy {
  readonly first: (facts: ModelFacts) => Placement;
  readonly measured: (facts: ModelFacts, rowMs: number | undefined) => Placement;
  /** If its rows depend on each other, so that its memory may grow with their square. */
  readonly dependent: (facts: ModelFacts) => Placement;
}

/** Measures the model where it was loaded, then where it belongs if that is elsewhere. */
async function measured(
  model: Model,
  session: PlacedSession,
  policy: PlacementPolicy,
  maxBatch: number | undefined,
): Promise<Calibration> {
  const { signature } = model;
  try {
    let first = await firstRuns(signature, session, model.takeSamples());
    const moved = async (placement: Placement): Promise<boolean> => {
      if (placement === session.placement) return false;
      await session.move(placement);
      first = first && (await firstRuns(signature, session, [first.rows]));
      return true;
    };
    await moved(policy.measured(session.facts, first?.milliseconds));
    const calibration = await calibrate(signature, session, first, maxBatch);
    // Of a sequence, clients determine the number of steps, as of a batch the number of rows.
    const open = signature.batching !== 'per-row' && signature.inputs.some(({ shape }) => typeof shape[0] === 'string');
    const dependent = open && calibration.unstackable !== undefined;
    return dependent && (await moved(policy.dependent(session.facts)))
      ? await calibrate(signature, session, first, maxBatch)
      : calibration;
  } catch (error) {
    // Readiness reports it if the model does not run at all.
    return { costs: [], unstackable: `measuring failed: ${error instanceof Error ? error.message : String(error)}` };
  }
}

function loadAt(
  engines: Engines,
  name: string,
  reread: () => ReturnType<typeof readModelFile>,
  limits: LoadModelOptions,
): LoadAt {
  const { requestTimeoutSeconds = 15, onProcessEnd } = limits;
  const { eventLoop, process } = engines;
  return async (placement, bytes, options) => {
    if (placement === 'event-loop' || process === undefined) return eventLoop.load(bytes, options);
    const { threads } = options;
    const session = await process.load(bytes, { ...options, ...processLimits(limits) });
    return new SupervisedSession(session, newProcess(process, reread, { ...limits, threads }), {
      model: name,
      runTimeoutSeconds: requestTimeoutSeconds,
      ...(onProcessEnd && { log: onProcessEnd }),
    });
  };
}

function trialsOf(
  { signature }: Model,
  { process }: Engines,
  reread: () => ReturnType<typeof readModelFile>,
  options: LoadModelOptions,
): EmptyTrials | undefined {
  if (process === undefined) return undefined;
  const { requestTimeoutSeconds: seconds = 15 } = options;
  const outputs = signature.outputs.map(({ name }) => name);
  return new EmptyTrials({ load: newProcess(process, reread, options), outputs, seconds });
}

/** Returns a function that loads the model, from its file, in a new process. */
function newProcess(
  process: ProcessEngine,
  reread: () => ReturnType<typeof readModelFile>,
  options: LoadModelOptions,
): () => ReturnType<ProcessEngine['load']> {
  return async () => {
    const { model, externalData } = await reread();
    return process.load(model, { threads: options.threads, externalData, ...processLimits(options) });
  };
}

function processLimits({
  inferenceMemoryBytes: memoryBytes,
  ...settings
}: LoadModelOptions): Pick<ProcessOptions, 'memoryBytes' | 'mostOutputBytes'> {
  return { memoryBytes, mostOutputBytes: mostOutputBytes(largestResponse(settings)) };
}
