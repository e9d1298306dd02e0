import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { differs } from './answer.ts';
import type { Engine, EngineOptions, Session } from './engine/engine.ts';
import { classLabels, graphNodes } from './graph.ts';
import { readModelJson } from './model-json.ts';
import { resolveSignature, type Signature } from './signature.ts';
import { decodePredictions, encodeRows, outputNames, type Prediction, type Row } from './tabular.ts';
import { removeZipMap } from './zipmap.ts';

/** The model cannot be served; the message names the file, what is wrong with it, and what to do. */
export class ModelLoadError extends Error {
  override readonly name = 'ModelLoadError';
}

/** A model did not answer an example as it should. */
export class VerificationError extends Error {
  override readonly name = 'VerificationError';
}

/** A model in memory, ready to predict. */
export class Model {
  readonly signature: Signature;
  readonly #session: Session;

  private constructor(signature: Signature, session: Session) {
    this.signature = signature;
    this.#session = session;
  }

  /** Loads `model.onnx` and, where there is one, `model.json` from a folder. @throws ModelLoadError */
  static async load(folder: string, engine: Engine, options: EngineOptions): Promise<Model> {
    const path = join(folder, 'model.onnx');
    try {
      const json = await readModelJson(join(folder, 'model.json'));
      const { model, labels } = removeZipMap(await readFile(path));
      const session = await engine.load(model, options);
      return new Model(resolveSignature(basename(folder), session, labels, json, () => classLabels(graphNodes(model))), session);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new ModelLoadError(`${path} cannot be served: ${reason}`, { cause });
    }
  }

  /** @throws EngineError when the run fails. */
  async predict(rows: readonly Row[]): Promise<Prediction[]> {
    const outputs = await this.#session.run(encodeRows(this.signature, rows), outputNames(this.signature));
    return decodePredictions(this.signature, outputs);
  }

  /** Runs the examples in one batch. @throws VerificationError naming the first that is not reproduced. */
  async verify(): Promise<void> {
    const { examples, features } = this.signature;
    if (examples.length === 0) return;
    const rows = examples.map(({ input }) => features.map(({ name }) => input[name] ?? Number.NaN));
    const predictions = await this.predict(rows);
    examples.forEach((example, index) => {
      const difference = differs(example, predictions[index]);
      if (difference) throw new VerificationError(`example ${index} of ${this.signature.name}: ${difference}`);
    });
  }

  async release(): Promise<void> {
    await this.#session.release();
  }
}
