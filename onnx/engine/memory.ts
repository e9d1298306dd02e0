import { EngineError, type Engine, type Session, type Tensor, type TensorInfo } from './engine.ts';

export interface MemoryModel {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /** Computes every output; may take its time or throw, as tests of the service need it. */
  compute(feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> | Record<string, Tensor>;
}

/** An engine for tests: whatever the bytes are, it loads the given model. It keeps the contract of `Engine`. */
export function memoryEngine(model: MemoryModel): Engine {
  return { load: () => Promise.resolve(memorySession(model)) };
}

function memorySession(model: MemoryModel): Session {
  let released = false;
  return {
    inputs: model.inputs,
    outputs: model.outputs,
    async run(feeds, fetches) {
      if (released) throw new EngineError('the session is released');
      for (const input of model.inputs) check(input, feeds[input.name]);
      for (const name of fetches) known(name, model.outputs);
      const outputs = await model.compute(feeds);
      return Object.fromEntries(fetches.map((name) => [name, produced(name, outputs)]));
    },
    release() {
      released = true;
      return Promise.resolve();
    },
  };
}

function check(input: TensorInfo, tensor: Tensor | undefined): void {
  if (!tensor) throw new EngineError(`input '${input.name}' is missing`);
  const fits =
    tensor.dtype === input.dtype &&
    tensor.shape.length === input.shape.length &&
    input.shape.every((dimension, axis) => typeof dimension === 'string' || dimension === tensor.shape[axis]);
  if (!fits)
    throw new EngineError(`input '${input.name}' has type ${tensor.dtype} and shape [${tensor.shape.join(', ')}]`);
}

function known(name: string, outputs: readonly TensorInfo[]): void {
  if (!outputs.some((output) => output.name === name)) throw new EngineError(`'${name}' is no output of the model`);
}

function produced(name: string, outputs: Readonly<Record<string, Tensor>>): Tensor {
  const tensor = outputs[name];
  if (!tensor) throw new EngineError(`output '${name}' was not computed`);
  return tensor;
}
