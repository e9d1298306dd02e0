import { basename, join } from 'node:path';
import { givesScores } from './batch/class-scores.ts';
import { exampleMismatch } from './batch/example-mismatch.ts';
import { plausibleInputSets, plausibleRows } from './batch/plausible-inputs.ts';
import type { RowShapes } from './batch/plausible-shapes.ts';
import type { Prediction } from './batch/decode-predictions.ts';
import { predictRows } from './batch/predict-rows.ts';
import { toExample } from './batch/record-examples.ts';
import { shownBatching } from './batch/row-axis.ts';
import { withRowlessOutputs } from './batch/rowless-outputs.ts';
import { tryRows, type FailedTrial, type Trial } from './batch/trial.ts';
import type { Engine, EngineOptions, Session, Tensor } from './engine/engine.ts';
import { readModelFile, type ReadOptions } from './file/model-file.ts';
import { argMaxLabels, classLabels } from './graph/class-labels.ts';
import { graphNodes, type Node } from './graph/node.ts';
import { Decoders } from './decode/decoders.ts';
import type { DecodeOptions } from './decode/feature-decoder.ts';
import type { Row, SentRow } from './signature/cells.ts';
import { withDocStrings } from './signature/doc-strings.ts';
import { readModelJson, type Example, type ModelJson } from './signature/model-json.ts';
import type { Batching } from './signature/batching.ts';
import {
  exampleRow,
  fittingExamples,
  resolveSignature,
  type ModelPlace,
  type Signature,
} from './signature/signature.ts';

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

/** A model did not reproduce an example, or its model.json demands that it is verified, and it is not. */
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

const addExample = 'add a real input and its expected output to "examples" in model.json.';

/** The rows in a set of samples. */
const SAMPLES = 6;

/** A model in memory, ready to predict. */
export class Model {
  #signature: Signature;
  readonly #session: Session;
  readonly #mustBeVerified: boolean;
  /** Undefined if the model decodes nothing. */
  readonly #decoders: Decoders | undefined;
  /** The inputs of the examples. */
  readonly #exampleRows: readonly Row[];
  /** Only if the model has no examples. */
  #trial: Trial | FailedTrial | undefined;
  #samples: ((rows: number) => Iterable<Row[]>) | undefined;

  private constructor(
    signature: Signature,
    session: Session,
    mustBeVerified: boolean,
    decoders: Decoders | undefined,
    exampleRows: readonly Row[],
  ) {
    this.#signature = signature;
    this.#session = session;
    this.#mustBeVerified = mustBeVerified;
    this.#decoders = decoders;
    this.#exampleRows = exampleRows;
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
      const file = await readModelFile(path, { mostBytes, json });
      const { model, externalData, conversions } = file;
      const loadedSession = (session = await engine.load(model, { ...options, externalData, conversions }));
      let known: Node[] | undefined;
      const nodes = (): readonly Node[] => (known ??= graphNodes(model));
      const graphLabels = () => classLabels(nodes()) ?? argMaxLabels(model);
      const resolve = (using: ModelJson, shown?: Batching): Signature =>
        resolveSignature(place, loadedSession, file, using, graphLabels, shown);
      const signature = withDocStrings(
        fittingExamples(() => resolve(json)) ?? resolve(json, await shownBatching(resolve({}), nodes, loadedSession)),
        model,
      );
      const decoders = await Decoders.open(signature, path);
      const inputs = signature.examples.map(({ input }, index) => exampleRow(signature, input, index));
      const exampleRows = decoders === undefined ? (inputs as Row[]) : await decoders.decode(inputs);
      const loaded = new Model(signature, loadedSession, json.requireVerification ?? false, decoders, exampleRows);
      if (signature.examples.length === 0)
        loaded.#trial = await tryRows(plausibleRows(signature, nodes()), (rows) => loaded.predict(rows));
      if (await loaded.#givesScores(nodes)) loaded.#nameScores();
      const shown = signature.examples.length > 0 ? signature.examples : [loaded.#ran?.prediction ?? {}];
      loaded.#signature = withRowlessOutputs(loaded.#signature, shown);
      if (samples) loaded.#samples = (rows) => plausibleInputSets(signature, nodes(), rows, loaded.#shapes());
      return loaded;
    } catch (cause) {
      // It may have a process.
      await session?.release();
      throw new ModelLoadError(path, cause);
    }
  }

  /** Returns whether the numbers of a classifier are scores, by its examples, or else by running some rows. */
  async #givesScores(nodes: () => readonly Node[]): Promise<boolean> {
    const { output, examples } = this.signature;
    if (output.task !== 'classifier' || output.probabilities === undefined || this.neverRan) return false;
    if (examples.some(({ scores }) => scores !== undefined)) return true;
    if (examples.some(({ probabilities }) => probabilities !== undefined)) return false;
    const [generated = []] = plausibleInputSets(this.signature, nodes(), SAMPLES, this.#shapes());
    const rows = [...this.#exampleRows, ...generated].slice(0, 2 * SAMPLES);
    return givesScores(rows, (some) => this.predict(some), output.top !== undefined);
  }

  /** Calls the numbers of a classifier scores rather than probabilities. */
  #nameScores(): void {
    const { output } = this.#signature;
    if (output.task !== 'classifier') return;
    this.#signature = { ...this.#signature, output: { ...output, areScores: true } };
    const ran = this.#ran;
    if (ran?.prediction === undefined) return;
    const { probabilities, ...rest } = ran.prediction;
    this.#trial = { ...ran, prediction: { ...rest, ...(probabilities && { scores: probabilities }) } };
  }

  get signature(): Signature {
    return this.#signature;
  }

  /** The first example of `model.json`; otherwise a generated one, if it runs and is small enough to be readable. */
  get example(): Example | undefined {
    const [first] = this.signature.examples;
    const ran = this.#ran;
    return first ?? (ran?.prediction && toExample(this.signature, ran.row, ran.prediction));
  }

  /**
   * Why nothing shows that the model predicts correctly: it has no examples, and at best ran on a generated input.
   * Undefined if it has examples.
   */
  get notVerified(): string | undefined {
    if (this.#trial === undefined) return undefined;
    return 'reason' in this.#trial
      ? `The model has no examples, and ${this.#trial.reason}`
      : 'The model has no examples; it ran on a generated input.';
  }

  /** Whether nothing shows that the model runs at all: it has no examples, and no generated input ran. */
  get neverRan(): boolean {
    return this.#trial !== undefined && 'reason' in this.#trial;
  }

  /**
   * Returns sets of rows to measure the model with, the most realistic first: its examples, and generated rows if these
   * are few. Only the first call returns any; a model that did not run has none.
   */
  async *takeSamples(): AsyncGenerator<readonly Row[], void> {
    const generate = this.#takeGenerator();
    if (generate === undefined) return;
    const examples = this.#exampleRows.slice(0, SAMPLES);
    if (examples.length === SAMPLES) yield examples;
    else for (const generated of generate(SAMPLES)) yield this.decode([...examples, ...generated]);
  }

  /**
   * Generates sets of rows to record examples from, the most plausible first, and at last a row that is known to run.
   * Only the first call returns any; a model that did not run has none.
   */
  *takeRows(count: number): Generator<readonly Row[], void> {
    const generate = this.#takeGenerator();
    if (generate === undefined) return;
    yield* generate(count);
    if (this.#ran !== undefined) yield [this.#ran.row];
  }

  /** Makes generated rows what a request has: with images in place of tensors. */
  asSent(rows: readonly Row[]): Promise<readonly SentRow[]> {
    return this.#decoders === undefined ? Promise.resolve(rows) : this.#decoders.withSamples(rows);
  }

  /** Returns what generates sets of rows, once: it keeps the graph in memory. */
  #takeGenerator(): ((rows: number) => Iterable<Row[]>) | undefined {
    const generate = this.#samples;
    this.#samples = undefined;
    return this.neverRan ? undefined : generate;
  }

  /** The generated row that ran when the model was loaded; undefined if none did, or the model has examples. */
  get #ran(): Trial | undefined {
    return this.#trial === undefined || 'reason' in this.#trial ? undefined : this.#trial;
  }

  /** Returns the shapes of a row that runs, as far as one is known. */
  #shapes(): RowShapes | undefined {
    const [first] = this.#exampleRows;
    if (first === undefined) return this.#ran?.shapes;
    return first.map((cell, index) => {
      const isText = this.signature.features[index]?.decode?.tokens !== undefined;
      if (typeof cell !== 'object' || cell === null || isText) return [];
      // Generated tensors of a sequence have one shape.
      return cell.parts === undefined ? cell.shape : [cell.parts.length, ...(cell.parts[0] ?? [])];
    });
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
   * Makes the rows of a request those of the model: its images become tensors. Other rows stay as they are.
   *
   * @throws {UndecodableRowsError} if values cannot be decoded
   */
  decode(rows: readonly SentRow[], options?: DecodeOptions): Promise<readonly Row[]> {
    return this.#decoders === undefined ? Promise.resolve(rows as Row[]) : this.#decoders.decode(rows, options);
  }

  /** About how long the images of a request that comes now would wait for others, in milliseconds. */
  get decodeWaitMs(): number {
    return this.#decoders?.waitMs ?? 0;
  }

  /**
   * Returns one prediction per row, in the same order. Decodes what is not decoded yet. Uses a single run if the model
   * and the rows allow it.
   *
   * @throws {EngineError} if a run fails
   */
  async predict(sent: readonly SentRow[]): Promise<Prediction[]> {
    return predictRows(this.signature, await this.decode(sent), (feeds, fetches) => this.run(feeds, fetches));
  }

  /**
   * Runs the examples in one batch; without examples, the generated row that ran when the model was loaded. Resolves
   * for a model that never ran, unless its model.json demands more: only a request can show whether it works.
   *
   * @throws {VerificationError} if an example is not reproduced; it names the first one
   */
  async verify(): Promise<void> {
    const { examples, name } = this.signature;
    if (this.#mustBeVerified && this.notVerified !== undefined)
      throw new VerificationError(
        `${name} is not verified, which model.json requires ("requireVerification"). ${this.notVerified} ` +
          `To verify it, ${addExample}`,
      );
    if (this.#trial !== undefined) {
      if (this.#ran !== undefined) await this.predict([this.#ran.row]);
      return;
    }
    const predictions = await this.predict(this.#exampleRows);
    examples.forEach((example, index) => {
      const difference = exampleMismatch(example, predictions[index]);
      if (difference) throw new VerificationError(`example ${index} of ${name}: ${difference}`);
    });
  }

  /** Frees the model's memory. */
  async release(): Promise<void> {
    await this.#session.release();
  }
}
