import { basename, join } from 'node:path';
import { canShareRun, encodeRows } from './batch/encode-rows.ts';
import { exampleMismatch } from './batch/example-mismatch.ts';
import { plausibleInputs, plausibleInputSets } from './batch/plausible-inputs.ts';
import { decodePredictions, outputsCarryRows, predictionOutputs, type Prediction } from './batch/decode-predictions.ts';
import { toExample } from './batch/record-examples.ts';
import type { Engine, EngineOptions, Session, Tensor } from './engine/engine.ts';
import { readModelFile, type ReadOptions } from './file/model-file.ts';
import { argMaxLabels, classLabels } from './graph/class-labels.ts';
import { graphNodes, type GraphNode } from './graph/node.ts';
import type { Row } from './signature/cells.ts';
import { withDocStrings } from './signature/doc-strings.ts';
import { readModelJson, type Example, type ModelJson } from './signature/model-json.ts';
import { exampleRow, resolveSignature, type ModelPlace, type Signature } from './signature/signature.ts';

/** The model cannot be served. The message names the file and says what is wrong with it and what to do. */
export class ModelLoadError extends Error {
  override readonly name = 'ModelLoadError';
  /** The message without the file. */
  readonly reason: string;

  constructor(path: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`${path} cannot be served: ${reason}`, { cause });
    this.reason = reason;
  }
}

/** A model did not reproduce an example. */
export class VerificationError extends Error {
  override readonly name = 'VerificationError';
}

export interface OpenOptions extends EngineOptions, ReadOptions {
  /**
   * Whether to prepare for `takeSamples`. It keeps the graph in memory until then.
   * @default false
   */
  readonly samples?: boolean;
}

const addExample = 'Add a real input and its expected output to "examples" in model.json.';

/** The rows in a set of samples. */
const SAMPLES = 6;

/** A model in memory, ready to predict. */
export class Model {
  readonly signature: Signature;
  /** If the model has no examples: generated rows, of which one has to run. */
  readonly #trials: readonly Row[];
  readonly #session: Session;
  #generated: Example | undefined;
  #samples: (() => Iterable<readonly Row[]>) | undefined;

  private constructor(signature: Signature, session: Session, trials: readonly Row[]) {
    this.signature = signature;
    this.#session = session;
    this.#trials = trials;
  }

  /**
   * Loads `model.onnx` and, if it exists, `model.json` from a folder.
   *
   * @param place the model's name, and its version if the folder determines it; by default only the folder's name
   * @throws {ModelLoadError} if the model cannot be served
   */
  static load(
    folder: string,
    engine: Engine,
    options: OpenOptions,
    place: ModelPlace = { name: basename(folder) },
  ): Promise<Model> {
    return Model.open(join(folder, 'model.onnx'), engine, options, place, () =>
      readModelJson(join(folder, 'model.json')),
    );
  }

  /**
   * Loads a model from a file with any name, by default without a `model.json`.
   *
   * @throws {ModelLoadError} if the model cannot be served
   */
  static async open(
    path: string,
    engine: Engine,
    { samples = false, mostBytes, ...options }: OpenOptions,
    place: ModelPlace,
    readJson: () => Promise<ModelJson> = () => Promise.resolve({}),
  ): Promise<Model> {
    let session: Session | undefined;
    try {
      const json = await readJson();
      const { model, labels, externalData } = await readModelFile(path, { mostBytes });
      session = await engine.load(model, { ...options, externalData });
      let known: GraphNode[] | undefined;
      const nodes = (): readonly GraphNode[] => (known ??= graphNodes(model));
      const signature = withDocStrings(
        resolveSignature(place, session, labels, json, () => classLabels(nodes()) ?? argMaxLabels(model)),
        model,
      );
      const trials = signature.examples.length > 0 ? [] : plausibleInputs(signature, nodes(), 1).flat();
      const loaded = new Model(signature, session, trials);
      if (samples) loaded.#samples = () => sampleSets(signature, nodes());
      // If none of them runs, readiness reports it.
      if (trials.length > 0) await loaded.#runTrial().catch(() => undefined);
      return loaded;
    } catch (cause) {
      // It may have a process.
      await session?.release();
      throw new ModelLoadError(path, cause);
    }
  }

  /** The first example of `model.json`; otherwise a generated one, if it runs and is small enough to be readable. */
  get example(): Example | undefined {
    return this.signature.examples[0] ?? this.#generated;
  }

  /**
   * Returns sets of rows to measure the model with, the most realistic first: its examples, and generated rows if these
   * are few. Only the first call returns any.
   */
  takeSamples(): Iterable<readonly Row[]> {
    const samples = this.#samples?.() ?? [];
    this.#samples = undefined;
    return samples;
  }

  /**
   * Runs the graph on tensors.
   *
   * @throws {EngineError} if the run fails
   */
  run(feeds: Readonly<Record<string, Tensor>>, fetches: readonly string[]): Promise<Readonly<Record<string, Tensor>>> {
    return this.#session.run(feeds, fetches);
  }

  /**
   * Returns one prediction per row, in the same order. Uses a single run if the model and the rows allow it.
   *
   * @param run runs the graph; by default at once, and directly
   * @throws {EngineError} if a run fails
   */
  async predict(
    rows: readonly Row[],
    run: Session['run'] = (feeds, fetches) => this.run(feeds, fetches),
  ): Promise<Prediction[]> {
    const { signature } = this;
    const fetches = predictionOutputs(signature);
    if (signature.batching === 'batched' && canShareRun(signature, rows)) {
      const outputs = await run(encodeRows(signature, rows), fetches);
      if (outputsCarryRows(outputs, fetches, rows.length)) return decodePredictions(signature, outputs, rows.length);
    }
    const predictions: Prediction[] = [];
    for (const row of rows)
      predictions.push(...decodePredictions(signature, await run(encodeRows(signature, [row]), fetches), 1));
    return predictions;
  }

  /**
   * Runs the examples in one batch; a model without examples has to run on one generated row.
   *
   * @throws {VerificationError} if an example is not reproduced; it names the first one
   */
  async verify(): Promise<void> {
    const { examples } = this.signature;
    if (examples.length === 0) {
      await this.#runTrial();
      return;
    }
    const predictions = await this.predict(
      examples.map(({ input }, index) => exampleRow(this.signature, input, index)),
    );
    examples.forEach((example, index) => {
      const difference = exampleMismatch(example, predictions[index]);
      if (difference) throw new VerificationError(`example ${index} of ${this.signature.name}: ${difference}`);
    });
  }

  async #runTrial(): Promise<void> {
    if (this.#trials.length === 0)
      throw new VerificationError(
        `${this.signature.name} has no examples, and its inputs are too large to generate any. ${addExample}`,
      );
    let failure: unknown;
    for (const row of this.#trials) {
      try {
        const [prediction] = await this.predict([row]);
        if (prediction) this.#generated ??= toExample(this.signature, row, prediction);
        return;
      } catch (cause) {
        failure = cause;
      }
    }
    throw new VerificationError(
      `${this.signature.name} has no examples, and does not run on generated input: ${String(failure)}. ${addExample}`,
      { cause: failure },
    );
  }

  /** Frees the model's memory. */
  async release(): Promise<void> {
    await this.#session.release();
  }
}

function* sampleSets(signature: Signature, nodes: readonly GraphNode[]): Generator<readonly Row[], void> {
  const examples = signature.examples.slice(0, SAMPLES).map(({ input }, index) => exampleRow(signature, input, index));
  if (examples.length === SAMPLES) yield examples;
  else for (const generated of plausibleInputSets(signature, nodes, SAMPLES)) yield [...examples, ...generated];
}
