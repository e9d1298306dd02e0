import type { EngineError, Session, Tensor, TensorInfo } from '../../../onnx/engine/engine.ts';
import { EngineError as ProcessError } from '../../../onnx/engine/engine.ts';
import type { ProcessSession } from '../../../onnx/engine/process/process-engine.ts';
import { ServiceError } from '../../errors.ts';
import { within } from '../within.ts';

export interface SupervisorOptions {
  /** The model's name, for messages. */
  readonly model: string;
  /** A run that takes longer is ended with its process. */
  readonly runTimeoutSeconds: number;
  /** Receives what happens to the processes. @default nothing */
  readonly log?: (event: ProcessEvent) => void;
  /** @default 100 ms, doubled with each failure until 10 s, and from the start after a minute without one */
  readonly backOff?: BackOff;
}

export interface ProcessEvent {
  readonly model: string;
  readonly reason: string;
  /** The time until the next attempt to start a process. */
  readonly delayMs: number;
}

export interface BackOff {
  readonly firstMs: number;
  readonly mostMs: number;
  readonly resetMs: number;
}

const defaultBackOff: BackOff = { firstMs: 100, mostMs: 10_000, resetMs: 60_000 };
/** A run waits this long for the next process, counted from the end of the last one: most models load in less. */
const MOST_WAIT_MS = 2000;

/**
 * Runs a model in a process, and replaces the process if it ends. A run waits for the next one, so that the end of a
 * process costs no request but the one that caused it. If it takes too long, or has failed several times, runs are
 * rejected at once.
 */
export class SupervisedSession implements Session {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  readonly #load: () => Promise<ProcessSession>;
  readonly #options: SupervisorOptions;
  readonly #backOff: BackOff;
  /** Undefined while there is no process that has loaded the model. */
  #session: ProcessSession | undefined;
  /** Resolves with the next process, for those that wait for it. */
  #next: PromiseWithResolvers<ProcessSession | undefined> | undefined;
  #startedAt = performance.now();
  #endedAt = -Infinity;
  #delayMs = 0;
  #lastReason = '';
  #restarts = 0;
  #released = false;
  #retry: NodeJS.Timeout | undefined;
  #runTimer: NodeJS.Timeout | undefined;
  #running = 0;

  /**
   * @param session the first process
   * @param load starts another one
   */
  constructor(session: ProcessSession, load: () => Promise<ProcessSession>, options: SupervisorOptions) {
    this.inputs = session.inputs;
    this.outputs = session.outputs;
    this.#load = load;
    this.#options = options;
    this.#backOff = options.backOff ?? defaultBackOff;
    this.#adopt(session);
  }

  /** How often a process was started again. */
  get restarts(): number {
    return this.#restarts;
  }

  /** Why the model cannot run at the moment; undefined if it can. */
  get outage(): string | undefined {
    return this.#session === undefined ? this.#describe() : undefined;
  }

  /** @throws {ServiceError} `model-restarting`, or `timeout` for a run that did not end */
  async run(
    feeds: Readonly<Record<string, Tensor>>,
    fetches: readonly string[],
  ): Promise<Readonly<Record<string, Tensor>>> {
    const session = this.#session ?? (await this.#nextSession());
    if (this.#running++ === 0) this.#watchRun();
    try {
      return await session.run(feeds, fetches);
    } catch (error) {
      if (!(error instanceof ProcessError)) throw error;
      // The caller may run something else at once, which must not get the process that has just ended.
      if (error.code === 'process-died' || error.code === 'process-killed') this.#lost(session, error.reason);
      throw this.#explain(error);
    } finally {
      clearTimeout(this.#runTimer);
      // Runs are processed in order: now it is the turn of the next one.
      if (--this.#running > 0) this.#watchRun();
    }
  }

  /** @throws {ServiceError} `model-restarting` */
  async #nextSession(): Promise<ProcessSession> {
    const patience = this.#endedAt + MOST_WAIT_MS - performance.now();
    if (this.#released || patience <= 0 || this.#delayMs > patience) throw this.#unavailable();
    this.#next ??= Promise.withResolvers();
    const session = await within<ProcessSession | undefined>(patience, this.#next.promise, () => undefined);
    if (session === undefined) throw this.#unavailable();
    return session;
  }

  async release(): Promise<void> {
    this.#released = true;
    this.#next?.resolve(undefined);
    clearTimeout(this.#retry);
    clearTimeout(this.#runTimer);
    await this.#session?.release();
  }

  #watchRun(): void {
    const seconds = this.#options.runTimeoutSeconds;
    this.#runTimer = setTimeout(() => this.#session?.kill(`a run took more than ${seconds} s`), seconds * 1000);
  }

  #explain(error: EngineError): Error {
    if (error.code === 'process-killed')
      return new ServiceError('timeout', `The model '${this.#options.model}' did not respond: ${error.reason}.`, {
        cause: error,
      });
    if (error.code !== 'process-died') return error;
    return new ServiceError(
      'model-restarting',
      `The model '${this.#options.model}' stopped while it processed the request: ${error.reason}. It is being ` +
        'started again. Send the request again later.',
      { cause: error },
    );
  }

  #unavailable(): ServiceError {
    return new ServiceError('model-restarting', `${this.#describe()} Send the request again later.`);
  }

  #describe(): string {
    return `The model '${this.#options.model}' is being started again, because its process ended: ${this.#lastReason}.`;
  }

  #adopt(session: ProcessSession): void {
    this.#session = session;
    this.#startedAt = performance.now();
    this.#next?.resolve(session);
    this.#next = undefined;
    void session.death.then((error) => {
      this.#lost(session, error.reason);
    });
  }

  /** @param session the process that has ended; undefined if one could not be started */
  #lost(session: ProcessSession | undefined, reason: string): void {
    if (this.#released || this.#session !== session) return;
    if (session !== undefined) this.#endedAt = performance.now();
    this.#session = undefined;
    this.#lastReason = reason;
    const { firstMs, mostMs, resetMs } = this.#backOff;
    const good = performance.now() - this.#startedAt >= resetMs;
    this.#delayMs = this.#delayMs === 0 || good ? firstMs : Math.min(2 * this.#delayMs, mostMs);
    this.#options.log?.({ model: this.#options.model, reason, delayMs: this.#delayMs });
    this.#retry = setTimeout(() => {
      void this.#restart();
    }, this.#delayMs).unref();
  }

  async #restart(): Promise<void> {
    try {
      const session = await this.#load();
      if (this.#released) {
        await session.release();
        return;
      }
      this.#restarts++;
      this.#adopt(session);
    } catch (error) {
      this.#startedAt = performance.now();
      this.#lost(undefined, error instanceof Error ? error.message : String(error));
    }
  }
}
