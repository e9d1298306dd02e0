import { EngineError, type Tensor } from '../../onnx/engine/engine.ts';
import type { Model } from '../../onnx/model.ts';
import { isNameless } from '../../onnx/signature/dimension-names.ts';
import type { Signature } from '../../onnx/signature/signature.ts';
import { formatTensorType, type TensorSpec } from '../../onnx/signature/tensor-spec.ts';
import { ServiceError } from '../errors.ts';
import { ownOutputs } from './batch.ts';
import { checkEmpty, emptyDimensions, outputsWithoutRows } from './empty-tensors.ts';
import type { EmptyTrials } from './empty-trials.ts';
import type { Executor } from './queue/executor.ts';
import { formatCount, formatValue } from './format-value.ts';
import type { NamedTensor } from './named-tensor.ts';
import type { RunOptions, Tensors } from './run.ts';
import { joinPieces, outputTensors, placeInSequence } from './sequences.ts';
import { invalidTensor, readShape } from './tensor-shape.ts';

export type { NamedTensor } from './named-tensor.ts';

/** What is needed of a loaded model to infer. */
export interface Inferrer {
  readonly model: Pick<Model, 'signature'>;
  readonly executor: Pick<Executor, 'run'>;
  /** @default tensors without elements are rejected, unless the graph declares them or they have no rows */
  readonly emptyTrials?: EmptyTrials | undefined;
}

/**
 * Checks tensors from a client against the model's signature, and runs the model on them.
 *
 * @param outputs the names of the requested outputs, in order; none for all
 * @throws {ServiceError} `overloaded`, `timeout`, or `invalid-input`, naming the tensor
 */
export async function infer(
  { model: { signature }, executor, emptyTrials }: Inferrer,
  inputs: readonly NamedTensor[],
  outputs: readonly string[],
  options: RunOptions,
): Promise<NamedTensor[]> {
  const feeds = checkInputs(signature.inputs, inputs);
  const fetches =
    outputs.length === 0 ? signature.outputs.map(({ name }) => name) : checkOutputs(signature.outputs, outputs);
  const empty = emptyDimensions(signature.inputs, feeds);
  let results = empty && outputsWithoutRows(signature, feeds, empty, fetches);
  if (results === undefined) {
    if (empty !== undefined) await checkEmpty(empty, feeds, emptyTrials);
    results = await run(signature, executor, feeds, fetches, options);
  }
  const taken = signature.outputs.map(({ name }) => name);
  return fetches.flatMap((name) => {
    const tensor = results[name];
    if (tensor === undefined && signature.outputs.some((spec) => spec.name === name && spec.optional)) return [];
    if (tensor === undefined) throw new Error(`The model '${signature.name}' did not return the output '${name}'.`);
    return outputTensors(name, tensor, taken);
  });
}

/** The most tensors of a sequence that have names of their own. */
const MOST_PIECES = 4096;

function checkInputs(specs: readonly TensorSpec[], inputs: readonly NamedTensor[]): Record<string, Tensor> {
  const sent = new Map<string, NamedTensor>();
  const pieces = new Map<TensorSpec, Map<number, NamedTensor>>();
  for (const input of inputs) {
    if (sent.has(input.name))
      throw new ServiceError('invalid-input', `Input ${formatValue(input.name)} is duplicated.`);
    sent.set(input.name, input);
    if (specs.some(({ name }) => name === input.name)) continue;
    const place = placeInSequence(specs, input.name);
    if (place === undefined)
      throw new ServiceError('invalid-input', `There is no input ${formatValue(input.name)}. ${expectedInputs(specs)}`);
    const { spec, index } = place;
    checkTensor({ ...spec, shape: spec.shape.slice(1) }, input, spec.shape.length === 0);
    const known = pieces.get(spec) ?? new Map<number, NamedTensor>();
    if (known.size === MOST_PIECES)
      throw invalidTensor(
        spec.name,
        `it has more than ${MOST_PIECES} tensors. Stack tensors of one shape in a single tensor '${spec.name}'`,
      );
    pieces.set(spec, known.set(index, input));
  }
  const feeds: Record<string, Tensor> = {};
  for (const spec of specs) {
    const tensor = sent.get(spec.name);
    const own = pieces.get(spec);
    if (own !== undefined && tensor !== undefined)
      throw invalidTensor(spec.name, 'it is sent as one tensor, and in pieces too. Send only one of them');
    if (own !== undefined) feeds[spec.name] = joinPieces(spec, own);
    // A sequence without tensors is empty.
    if (tensor === undefined && (spec.optional || spec.sequence)) continue;
    if (tensor === undefined)
      throw new ServiceError('invalid-input', `Input '${spec.name}' is missing. ${expectedInputs(specs)}`);
    checkTensor(spec, tensor, spec.sequence && spec.shape.length === 0);
    feeds[spec.name] = { dtype: tensor.dtype, shape: tensor.shape, data: tensor.data };
  }
  return feeds;
}

function expectedInputs(specs: readonly TensorSpec[]): string {
  return `The model's inputs are ${names(specs)}.`;
}

/** @param anyRank whether the model does not declare the number of dimensions */
function checkTensor(spec: TensorSpec, { name, dtype, shape, data }: NamedTensor, anyRank = false): void {
  if (dtype !== spec.dtype) throw invalidTensor(name, `its dtype is ${dtype}, expected ${spec.dtype}`);
  const { count } = readShape(name, shape);
  const mismatch = (): string =>
    `the shape [${shape.join(', ')}] does not match ${formatTensorType(spec.dtype, spec.shape)}`;
  if (anyRank && spec.sequence && name === spec.name && shape.length === 0)
    throw invalidTensor(name, 'it is a sequence, so its shape needs a first dimension that counts the tensors');
  if (shape.length !== spec.shape.length && !anyRank)
    throw invalidTensor(
      name,
      `${mismatch()}: ${formatCount(shape.length, 'dimension')}, expected ${spec.shape.length}`,
    );
  spec.shape.forEach((expected, axis) => {
    if (typeof expected === 'number' && shape[axis] !== expected)
      throw invalidTensor(name, `${mismatch()}: dimension ${axis} is ${shape[axis] ?? ''}, expected ${expected}`);
  });
  if (data.length !== count)
    throw invalidTensor(
      name,
      `it has ${formatCount(data.length, 'element')}, but the shape [${shape.join(', ')}] has ${count}`,
    );
  if (dtype === 'string') checkTexts(name, data as readonly string[]);
}

/** Rejects texts that the runtime would change: it uses UTF-8 and ends a text at the first zero. */
function checkTexts(name: string, texts: readonly string[]): void {
  texts.forEach((text, index) => {
    if (text.includes('\0'))
      throw invalidTensor(name, `element ${index} contains the character U+0000, which the runtime does not support`);
    if (!text.isWellFormed())
      throw invalidTensor(name, `element ${index} contains a lone surrogate, which UTF-8 cannot encode`);
  });
}

/**
 * Describes two dimensions with the same name and different sizes; undefined if there are none. The graph may be fine
 * with that, so only the failure of a run shows that it is not.
 */
function nameWithTwoSizes(specs: readonly TensorSpec[], feeds: Tensors): string | undefined {
  const known = new Map<string, { readonly size: number; readonly place: string }>();
  for (const { name, shape } of specs) {
    for (const [axis, symbol] of shape.entries()) {
      if (typeof symbol !== 'string' || isNameless(symbol)) continue;
      const size = feeds[name]?.shape[axis] ?? 0;
      const first = known.get(symbol);
      if (first === undefined) known.set(symbol, { size, place: `dimension ${axis} of '${name}'` });
      else if (first.size !== size)
        return (
          `Dimension ${axis} of '${name}' is ${size}, ${first.place} is ${first.size}, ` +
          `and the model calls both '${symbol}'.`
        );
    }
  }
  return undefined;
}

function checkOutputs(specs: readonly TensorSpec[], outputs: readonly string[]): readonly string[] {
  outputs.forEach((output, index) => {
    if (!specs.some(({ name }) => name === output))
      throw new ServiceError(
        'invalid-input',
        `There is no output ${formatValue(output)}. The model's outputs are ${names(specs)}.`,
      );
    if (outputs.indexOf(output) < index)
      throw new ServiceError('invalid-input', `Output ${formatValue(output)} is requested twice.`);
  });
  return outputs;
}

async function run(
  { inputs }: Signature,
  executor: Pick<Executor, 'run'>,
  feeds: Tensors,
  fetches: readonly string[],
  options: RunOptions,
): Promise<Tensors> {
  try {
    return ownOutputs(await executor.run(feeds, fetches, options));
  } catch (cause) {
    if (!(cause instanceof EngineError)) throw cause;
    const sizes = nameWithTwoSizes(inputs, feeds);
    // The types and shapes are as the model declares them, so a value is wrong, such as an index past the end of a
    // table, or sizes do not go together.
    const message =
      sizes === undefined
        ? `The model's runtime rejects the inputs, although their types and shapes are valid: ${cause.reason}`
        : `The model's runtime rejects the inputs: ${cause.reason}. ${sizes}`;
    throw new ServiceError('invalid-input', message, { cause });
  }
}

function names(specs: readonly TensorSpec[]): string {
  return specs.map(({ name }) => `'${name}'`).join(', ');
}
