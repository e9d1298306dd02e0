import { EngineError } from '../../onnx/engine/engine.ts';
import type { ProcessSession } from '../../onnx/engine/process/process-engine.ts';
import { ServiceError } from '../errors.ts';
import type { Tensors } from './run.ts';

/** A client chooses which dimensions are 0: each choice costs a process for a moment. */
const MOST_TRIALS = 32;

export interface EmptyTrialsOptions {
  /** Loads the model in a process of its own. */
  readonly load: () => Promise<ProcessSession>;
  /** All outputs of the model. */
  readonly outputs: readonly string[];
  /** A trial that takes longer has failed. */
  readonly seconds: number;
}

/**
 * Finds out whether a model survives tensors without elements: some operators divide by a dimension, and a division by
 * zero ends the process. The first request of each kind is tried in a process apart, one at a time.
 */
export class EmptyTrials {
  readonly #options: EmptyTrialsOptions;
  readonly #verdicts = new Map<string, Promise<boolean>>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: EmptyTrialsOptions) {
    this.#options = options;
  }

  /**
   * Resolves with whether the model survives the tensors.
   *
   * @param kind which of their dimensions are 0: only the first tensors of each kind are tried
   * @throws {ServiceError} `overloaded` if no process can be started
   */
  survives(kind: string, feeds: Tensors): Promise<boolean> {
    const known = this.#verdicts.get(kind);
    if (known !== undefined) return known;
    if (this.#verdicts.size >= MOST_TRIALS) return Promise.resolve(false);
    const verdict = this.#last.then(() => this.#try(feeds));
    this.#last = verdict.catch(() => {
      // The next request tries again.
      this.#verdicts.delete(kind);
    });
    this.#verdicts.set(kind, verdict);
    return verdict;
  }

  async #try(feeds: Tensors): Promise<boolean> {
    const { load, outputs, seconds } = this.#options;
    let session: ProcessSession;
    try {
      session = await load();
    } catch (cause) {
      throw new ServiceError(
        'overloaded',
        'A tensor without elements is tried in a process of its own first, which could not be started. ' +
          'Send the request again later.',
        { cause },
      );
    }
    const timer = setTimeout(() => {
      session.kill(`the run took more than ${seconds} s`);
    }, seconds * 1000);
    try {
      await session.run(feeds, outputs);
      return true;
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      return error.code !== 'process-died' && error.code !== 'process-killed' && error.code !== 'out-of-memory';
    } finally {
      clearTimeout(timer);
      await session.release();
    }
  }
}
