import { EngineError, type Tensor } from '../../onnx/engine/engine.ts';
import type { Model } from '../../onnx/model.ts';
import { formatTensorType, type TensorSpec } from '../../onnx/signature/tensor-spec.ts';
import { ServiceError } from '../errors.ts';
import { shown } from './format-value.ts';
import { invalidTensor, readShape } from './tensor-shape.ts';

export interface NamedTensor extends Tensor {
  readonly name: string;
}

/**
 * Runs a model on tensors as a client sent them, whatever brought them here: checks them against the signature first.
 *
 * @param outputs names of those wanted, in their order; by default all
 * @throws ServiceError `invalid-input` naming the tensor
 */
export async function infer(
  model: Pick<Model, 'signature' | 'run'>,
  inputs: readonly NamedTensor[],
  outputs: readonly string[] = [],
): Promise<NamedTensor[]> {
  const { signature } = model;
  const feeds = checkInputs(signature.inputs, inputs);
  const fetches =
    outputs.length === 0 ? signature.outputs.map(({ name }) => name) : checkOutputs(signature.outputs, outputs);
  const results = new Map(Object.entries(await run(model, feeds, fetches)));
  return fetches.map((name) => {
    const tensor = results.get(name);
    if (tensor === undefined) throw new Error(`The run of ${signature.name} did not give the output '${name}'.`);
    return { name, ...tensor };
  });
}

function checkInputs(specs: readonly TensorSpec[], inputs: readonly NamedTensor[]): Record<string, Tensor> {
  const takes = `The model takes ${names(specs)}.`;
  const sent = new Map<string, NamedTensor>();
  for (const input of inputs) {
    if (sent.has(input.name)) throw new ServiceError('invalid-input', `Input ${shown(input.name)} is there twice.`);
    if (!specs.some(({ name }) => name === input.name))
      throw new ServiceError('invalid-input', `There is no input ${shown(input.name)}. ${takes}`);
    sent.set(input.name, input);
  }
  const symbols = new Map<string, { readonly size: number; readonly place: string }>();
  return Object.fromEntries(
    specs.map((spec) => {
      const tensor = sent.get(spec.name);
      if (tensor === undefined) throw new ServiceError('invalid-input', `Input '${spec.name}' is missing. ${takes}`);
      checkTensor(spec, tensor);
      checkSymbols(spec, tensor, symbols);
      return [spec.name, { dtype: tensor.dtype, shape: tensor.shape, data: tensor.data }];
    }),
  );
}

function checkTensor(spec: TensorSpec, { name, dtype, shape, data }: NamedTensor): void {
  if (dtype !== spec.dtype) throw invalidTensor(name, `its elements are ${dtype}, expected ${spec.dtype}`);
  const { count } = readShape(name, shape);
  const misfit = `the shape [${shape.join(', ')}] does not fit ${formatTensorType(spec.dtype, spec.shape)}`;
  if (shape.length !== spec.shape.length)
    throw invalidTensor(name, `${misfit}: ${shape.length} dimensions, expected ${spec.shape.length}`);
  spec.shape.forEach((expected, axis) => {
    if (typeof expected === 'number' && shape[axis] !== expected)
      throw invalidTensor(name, `${misfit}: dimension ${axis} is ${shape[axis] ?? ''}, expected ${expected}`);
  });
  if (data.length !== count)
    throw invalidTensor(name, `${data.length} elements came, and the shape [${shape.join(', ')}] has ${count}`);
  if (dtype === 'string') checkTexts(name, data as readonly string[]);
}

/** What the runtime would not get as it was sent: it takes UTF-8 that ends at the first zero. */
function checkTexts(name: string, texts: readonly string[]): void {
  texts.forEach((text, index) => {
    if (text.includes('\0'))
      throw invalidTensor(name, `element ${index} holds the character U+0000, which the runtime's texts cannot`);
    if (!text.isWellFormed())
      throw invalidTensor(name, `element ${index} holds half a surrogate pair, which UTF-8 cannot`);
  });
}

/** Dynamic dimensions of one symbol have one size. Empty symbols name nothing. */
function checkSymbols(
  { name, shape: declared }: TensorSpec,
  { shape }: NamedTensor,
  symbols: Map<string, { readonly size: number; readonly place: string }>,
): void {
  declared.forEach((symbol, axis) => {
    if (typeof symbol !== 'string' || symbol === '') return;
    const size = shape[axis] ?? 0;
    const known = symbols.get(symbol);
    if (known === undefined) symbols.set(symbol, { size, place: `dimension ${axis} of '${name}'` });
    else if (known.size !== size)
      throw invalidTensor(
        name,
        `dimension ${axis} is ${size}, and ${known.place} is ${known.size}: both are ${symbol}`,
      );
  });
}

function checkOutputs(specs: readonly TensorSpec[], outputs: readonly string[]): readonly string[] {
  outputs.forEach((output, index) => {
    if (!specs.some(({ name }) => name === output))
      throw new ServiceError('invalid-input', `There is no output ${shown(output)}. The model gives ${names(specs)}.`);
    if (outputs.indexOf(output) < index)
      throw new ServiceError('invalid-input', `Output ${shown(output)} is asked for twice.`);
  });
  return outputs;
}

async function run(
  model: Pick<Model, 'run'>,
  feeds: Record<string, Tensor>,
  fetches: readonly string[],
): Promise<Readonly<Record<string, Tensor>>> {
  try {
    return await model.run(feeds, fetches);
  } catch (cause) {
    if (!(cause instanceof EngineError)) throw cause;
    // They have the types and shapes that the model declares: what is wrong is in their values, as an index past a table's end.
    throw new ServiceError('invalid-input', `The inputs have the right types and shapes, but ${cause.message}`, {
      cause,
    });
  }
}

function names(specs: readonly TensorSpec[]): string {
  return specs.map(({ name }) => `'${name}'`).join(', ');
}
