import * as ort from 'onnxruntime-node';
import {
  EngineError,
  type Engine,
  type EngineOptions,
  type ExecutionProvider,
  type Session,
  type Tensor,
  type TensorInfo,
} from './engine.ts';
import { ownOpset } from '../graph/opset.ts';
import { returnedOutput, withGiven, withOptionalInputs, withOptionalOutputs, withoutAbsent } from './optionals.ts';
import { loadError, runError } from './runtime-errors.ts';
import { Sequences } from './sequences.ts';

// The runtime's Linux build sends usage data to its vendor unless this is set before the first session is created.
process.env['ORT_DISABLE_TELEMETRY'] ??= '1';
// The runtime logs plain text to standard error, where it would mix with our JSON log lines. It also throws its errors.
ort.env.logLevel = 'fatal';

/** Returns what runs models with onnxruntime: on the CPU, or on a GPU, except for operators that need the CPU. */
export const onnxruntimeOn = (provider: ExecutionProvider): Engine => ({
  async load(model: Uint8Array, options: EngineOptions): Promise<Session> {
    try {
      const session = await ort.InferenceSession.create(model, {
        executionProviders: [provider],
        intraOpNumThreads: options.threads,
        interOpNumThreads: 1,
        logSeverityLevel: 4,
        // Between runs, threads that spin would use the processor that the event loop and other models need.
        extra: { session: { intra_op: { allow_spinning: '0' } } },
        ...(options.externalData && {
          externalData: options.externalData.map(({ path, data }) => ({ path: bindingPath(path), data })),
        }),
      });
      return new OnnxruntimeSession(session);
    } catch (cause) {
      throw explained((error) => loadError(error, ownOpset(model)), cause);
    }
  },
});

/** Runs models with onnxruntime on the CPU. */
export const onnxruntime: Engine = onnxruntimeOn('cpu');

/** The binding strips one leading `./`, and then looks the path up as the model writes it. */
const bindingPath = (path: string): string => (path.startsWith('./') ? `./${path}` : path);

class OnnxruntimeSession implements Session {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  readonly #session: ort.InferenceSession;
  readonly #optional: readonly TensorInfo[];
  readonly #optionalOutputs: readonly TensorInfo[];
  readonly #sequences: Sequences;
  /** Whether the tensors of a sequence differed in shape in the last run: such sequences are returned another way. */
  #outputsApart = false;

  constructor(session: ort.InferenceSession) {
    this.#session = session;
    this.#sequences = new Sequences(session.inputMetadata.map(tensorInfo), session.outputMetadata.map(tensorInfo));
    this.inputs = withOptionalInputs(this.#sequences.inputs);
    this.#optional = this.inputs.filter(({ optional }) => optional);
    this.outputs = withOptionalOutputs(this.#sequences.outputs);
    this.#optionalOutputs = this.outputs.filter(({ optional }) => optional);
  }

  // Not async, like what most runs call: each step of a promise costs a run time.
  run(feeds: Readonly<Record<string, Tensor>>, fetches: readonly string[]): Promise<Record<string, Tensor>> {
    const all = this.#optional.length === 0 ? feeds : withGiven(this.#optional, feeds);
    return this.#optionalOutputs.length === 0 ? this.#runWhole(all, fetches) : this.#runOptional(all, fetches);
  }

  async #runOptional(
    feeds: Readonly<Record<string, Tensor>>,
    fetches: readonly string[],
  ): Promise<Record<string, Tensor>> {
    const flags = this.#optionalOutputs
      .filter(({ name }) => fetches.includes(name))
      .map(({ name }) => returnedOutput(name));
    return withoutAbsent(this.#optionalOutputs, await this.#runWhole(feeds, [...fetches, ...flags]));
  }

  #runWhole(feeds: Readonly<Record<string, Tensor>>, fetches: readonly string[]): Promise<Record<string, Tensor>> {
    return this.#sequences.any ? this.#runWithSequences(feeds, fetches) : this.#run(feeds, fetches);
  }

  async #runWithSequences(
    feeds: Readonly<Record<string, Tensor>>,
    fetches: readonly string[],
  ): Promise<Record<string, Tensor>> {
    const apart = this.#outputsApart;
    try {
      return await this.#runSequences(feeds, fetches, apart);
    } catch (cause) {
      const isSequence =
        cause instanceof EngineError && (cause.code === 'ragged-sequence' || cause.code === 'empty-sequence');
      if (!isSequence || !this.#sequences.hasApart) throw cause;
      return await this.#runSequences(feeds, fetches, !apart);
    }
  }

  async #runSequences(
    feeds: Readonly<Record<string, Tensor>>,
    fetches: readonly string[],
    apart: boolean,
  ): Promise<Record<string, Tensor>> {
    const outputs = await this.#run(this.#sequences.feeds(feeds, apart), this.#sequences.fetches(fetches));
    const results = this.#sequences.results(outputs, apart);
    this.#outputsApart = apart;
    return results;
  }

  async #run(feeds: Readonly<Record<string, Tensor>>, fetches: readonly string[]): Promise<Record<string, Tensor>> {
    try {
      const inputs = emptyRecord<ort.Tensor>();
      for (const [name, tensor] of Object.entries(feeds)) inputs[name] = toOrt(tensor);
      const values = await this.#session.run(inputs, fetches);
      const outputs = emptyRecord<Tensor>();
      for (const name of fetches) {
        const value = values[name];
        if (value !== undefined) outputs[name] = fromOrt(value);
      }
      return outputs;
    } catch (cause) {
      throw explained(runError, cause);
    }
  }

  async release(): Promise<void> {
    await this.#session.release();
  }
}

function tensorInfo(metadata: ort.InferenceSession.ValueMetadata): TensorInfo {
  if (!metadata.isTensor) return { name: metadata.name, dtype: undefined, shape: [] };
  return { name: metadata.name, dtype: knownDType(metadata.type), shape: metadata.shape };
}

function toOrt(tensor: Tensor): ort.Tensor {
  const value = new ort.Tensor(tensor.dtype, tensor.data as ort.Tensor.DataType, tensor.shape);
  if (!(value.data instanceof Float16Array)) return value;
  // The binding cannot read a Float16Array, though onnxruntime's JavaScript creates one: it needs the bits as integers.
  const { buffer, byteOffset, length } = value.data;
  return Object.create(value, { data: { value: new Uint16Array(buffer, byteOffset, length) } }) as ort.Tensor;
}

function fromOrt(value: ort.OnnxValue): Tensor {
  if (!(value instanceof ort.Tensor)) throw new EngineError('run-failed', 'an output is not a tensor');
  const dtype = knownDType(value.type);
  if (dtype === undefined) throw new EngineError('run-failed', `an output has the unsupported type ${value.type}`);
  return { dtype, shape: value.dims, data: value.data };
}

function knownDType(type: ort.Tensor.Type): Tensor['dtype'] | undefined {
  return type === 'int4' || type === 'uint4' ? undefined : type;
}

/** Names of inputs and outputs are arbitrary, `__proto__` included. */
const emptyRecord = <T>(): Record<string, T> => Object.create(null) as Record<string, T>;

function explained(explain: (cause: unknown) => EngineError, cause: unknown): EngineError {
  return cause instanceof EngineError ? cause : explain(cause);
}
