import type { Engine, EngineError, EngineOptions, ExecutionProvider, Session, Tensor, TensorInfo } from '../engine.ts';
import { Channel } from './channel.ts';
import {
  fromErrorResponse,
  fromParts,
  toParts,
  type ErrorResponse,
  type LoadRequest,
  type LoadResponse,
  type RunRequest,
  type RunResponse,
} from './messages.ts';
import type { Frame } from './frames.ts';

export interface ProcessOptions extends EngineOptions {
  /** Ends the process if it is still loading; the load then fails with `process-killed`. */
  readonly signal?: AbortSignal;
  /** The same if loading takes longer. @default 60, and one more for each 10 MB of the model */
  readonly loadSeconds?: number;
  /**
   * The most memory that the process may use. With less, a run fails with `out-of-memory` instead of taking the memory
   * of others. Only Linux has such a limit.
   * @default unlimited
   */
  readonly memoryBytes?: number | undefined;
  /**
   * The most bytes of outputs of one run. If there are more, the process does not send them, and the run fails with
   * `outputs-too-large`.
   * @default unlimited
   */
  readonly mostOutputBytes?: number | undefined;
}

/**
 * A model in a process of its own. A run that crashes, or uses too much memory, ends that process alone. All runs then
 * fail with `process-died`, and so do later ones: a dead session stays dead.
 */
export interface ProcessSession extends Session {
  readonly pid: number;
  /** Resolves once the process has ended, with the reason. It stays pending if `release` ended it. */
  readonly death: Promise<EngineError>;
  /**
   * Ends the process. The run in progress fails with `process-killed`, the runs that wait behind it with
   * `process-died`.
   *
   * @param reason such as 'the run took more than 15 s'
   */
  kill(reason: string): void;
}

export interface ProcessEngine extends Engine {
  /**
   * @throws {EngineError} if the bytes are not a model that the engine can run, or with `process-died` or
   *   `process-killed` if the process ended
   */
  load(model: Uint8Array, options: ProcessOptions): Promise<ProcessSession>;
}

/** Models load in seconds, and large ones at the pace of a slow disk. */
const LOAD_SECONDS = 60;
const BYTES_PER_SECOND = 10_000_000;

/** Returns what runs each model in a child process with onnxruntime, on the CPU or on a GPU. */
export const processEngineOn = (provider: ExecutionProvider): ProcessEngine => ({
  async load(model, { threads, externalData = [], signal, memoryBytes, mostOutputBytes, ...options }) {
    const bytes = externalData.reduce((sum, { data }) => sum + data.length, model.length);
    const { loadSeconds = LOAD_SECONDS + Math.floor(bytes / BYTES_PER_SECOND) } = options;
    // CUDA reserves address space for the memory of the GPU, which the limit would count.
    const channel = new Channel(provider === 'cuda' ? undefined : memoryBytes, mostOutputBytes);
    const abort = (): void => {
      channel.kill(signal?.reason instanceof Error ? signal.reason.message : String(signal?.reason));
    };
    if (signal?.aborted) abort();
    signal?.addEventListener('abort', abort, { once: true });
    const timer = setTimeout(() => {
      channel.kill(`loading it took more than ${loadSeconds} s`);
    }, loadSeconds * 1000);
    try {
      const paths = externalData.map(({ path }) => path);
      const header: LoadRequest = { threads, externalData: paths, provider, mostOutputBytes };
      const parts = [model, ...externalData.map(({ data }) => data)];
      const response = checked(await channel.call(() => ({ header, parts })));
      return new ChildSession(channel, response.header as LoadResponse);
    } catch (error) {
      await channel.close();
      throw error;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    }
  },
});

/** Runs each model in a child process on the CPU. */
export const processEngine: ProcessEngine = processEngineOn('cpu');

class ChildSession implements ProcessSession {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  readonly #channel: Channel;

  constructor(channel: Channel, { inputs, outputs }: LoadResponse) {
    this.#channel = channel;
    this.inputs = inputs;
    this.outputs = outputs;
  }

  get pid(): number {
    return this.#channel.pid;
  }

  get death(): Promise<EngineError> {
    return this.#channel.death;
  }

  async run(feeds: Readonly<Record<string, Tensor>>, fetches: readonly string[]): Promise<Record<string, Tensor>> {
    const response = await this.#channel.call(() => {
      const { described, parts } = toParts(feeds);
      return { header: { feeds: described, fetches } satisfies RunRequest, parts };
    });
    const { header, parts } = checked(response);
    return fromParts((header as RunResponse).outputs, parts);
  }

  kill(reason: string): void {
    this.#channel.kill(reason);
  }

  release(): Promise<void> {
    return this.#channel.close();
  }
}

/** Returns a response. @throws {EngineError} if it is an error */
function checked(response: Frame): Frame {
  const header = response.header as object;
  if ('error' in header) throw fromErrorResponse(header as ErrorResponse);
  return response;
}
