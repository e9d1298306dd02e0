import type { Engine, EngineOptions, Session, Tensor, TensorInfo } from '../../../onnx/engine/engine.ts';
import type { ModelFile } from '../../../onnx/file/model-file.ts';
import { graphFacts } from '../../../onnx/graph/graph-facts.ts';
import type { ModelFacts, Placement } from './placement.ts';
import { SupervisedSession } from './supervisor.ts';

/** Loads a model at a place. @throws {EngineError} */
export type LoadAt = (placement: Placement, model: Uint8Array, options: EngineOptions) => Promise<Session>;

/** A session that can move between the event loop and a process while it does not run. */
export class PlacedSession implements Session {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  readonly facts: ModelFacts;
  #placement: Placement;
  #session: Session;
  readonly #load: (placement: Placement) => Promise<Session>;

  constructor(
    facts: ModelFacts,
    placement: Placement,
    session: Session,
    load: (placement: Placement) => Promise<Session>,
  ) {
    this.facts = facts;
    this.inputs = session.inputs;
    this.outputs = session.outputs;
    this.#placement = placement;
    this.#session = session;
    this.#load = load;
  }

  get placement(): Placement {
    return this.#placement;
  }

  /** The supervisor of the model's process; undefined if it runs on the event loop. */
  get process(): SupervisedSession | undefined {
    return this.#session instanceof SupervisedSession ? this.#session : undefined;
  }

  /** Moves the model. @throws {EngineError} if it cannot be loaded there; then it stays where it is */
  async move(placement: Placement): Promise<void> {
    if (placement === this.#placement) return;
    const session = await this.#load(placement);
    await this.#session.release();
    this.#session = session;
    this.#placement = placement;
  }

  run(feeds: Readonly<Record<string, Tensor>>, fetches: readonly string[]): Promise<Readonly<Record<string, Tensor>>> {
    return this.#session.run(feeds, fetches);
  }

  release(): Promise<void> {
    return this.#session.release();
  }
}

/** Loads one model where it belongs. */
export class PlacedEngine implements Engine {
  readonly #load: LoadAt;
  readonly #place: (facts: ModelFacts) => Placement;
  readonly #reread: () => Promise<Pick<ModelFile, 'model' | 'externalData'>>;
  #session: PlacedSession | undefined;

  /**
   * @param place returns where to load the model; called once its model.json is read
   * @param reread reads the file again, to move the model
   */
  constructor(
    load: LoadAt,
    place: (facts: ModelFacts) => Placement,
    reread: () => Promise<Pick<ModelFile, 'model' | 'externalData'>>,
  ) {
    this.#load = load;
    this.#place = place;
    this.#reread = reread;
  }

  /** The session of the model. Only call it once the model is loaded. */
  get session(): PlacedSession {
    if (this.#session === undefined) throw new Error('The model is not loaded.');
    return this.#session;
  }

  async load(model: Uint8Array, options: EngineOptions): Promise<Session> {
    const { threads, externalData = [], conversions } = options;
    const bytes = model.length + externalData.reduce((sum, { data }) => sum + data.length, 0);
    const facts = { ...graphFacts(model, conversions), bytes };
    const placement = this.#place(facts);
    const session = await this.#load(placement, model, options);
    this.#session = new PlacedSession(facts, placement, session, async (where) => {
      const again = await this.#reread();
      return this.#load(where, again.model, { threads, externalData: again.externalData });
    });
    return this.#session;
  }
}
