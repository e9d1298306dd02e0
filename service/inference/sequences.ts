/**
 * Sequences in requests and responses of the Open Inference Protocol, which knows only tensors: the tensors of a
 * sequence `s` are stacked along a new first dimension, or are called `s_0`, `s_1`, and so on.
 */
import type { Tensor, TensorData } from '../../onnx/engine/engine.ts';
import { sequenceShape } from '../../onnx/engine/sequence-shape.ts';
import { allocate } from '../../onnx/signature/dtypes.ts';
import type { TensorSpec } from '../../onnx/signature/tensor-spec.ts';
import type { NamedTensor } from './named-tensor.ts';
import { invalidTensor } from './tensor-shape.ts';

/** Returns the sequence and the position that a name such as `s_12` stands for; undefined if it is no such name. */
export function placeInSequence(
  specs: readonly TensorSpec[],
  name: string,
): { readonly spec: TensorSpec; readonly index: number } | undefined {
  const [, sequence, digits] = /^(.*)_(0|[1-9]\d{0,8})$/s.exec(name) ?? [];
  const spec = specs.find((each) => each.sequence && each.name === sequence);
  return spec && { spec, index: Number(digits) };
}

/**
 * Joins the tensors of a sequence.
 *
 * @param pieces the tensors by position, each valid
 * @throws {ServiceError} `invalid-input` if a position is missing
 */
export function joinPieces({ name, dtype }: TensorSpec, pieces: ReadonlyMap<number, NamedTensor>): Tensor {
  const parts: (readonly number[])[] = [];
  let length = 0;
  for (let index = 0; index < pieces.size; index++) {
    const piece = pieces.get(index);
    if (piece === undefined)
      throw invalidTensor(
        `${name}_${index}`,
        `it is missing, although the request has ${pieces.size} tensors of the sequence '${name}', counted from 0`,
      );
    parts.push(piece.shape);
    length += piece.data.length;
  }
  const data = allocate(dtype, length);
  let at = 0;
  for (let index = 0; index < parts.length; index++) {
    const piece = pieces.get(index)?.data ?? [];
    store(data, piece, at);
    at += piece.length;
  }
  return { dtype, ...sequenceShape(parts, length), data };
}

function store(target: TensorData, source: TensorData, at: number): void {
  if (ArrayBuffer.isView(target)) (target as Float32Array).set(source as Float32Array, at);
  else for (let index = 0; index < source.length; index++) (target as string[])[at + index] = source[index] as string;
}

/**
 * Returns the tensors that a response has for an output: a sequence of tensors whose shapes differ has one for each.
 *
 * @param taken the names of the model's outputs
 */
export function outputTensors(
  name: string,
  { dtype, shape, data, parts }: Tensor,
  taken: readonly string[],
): NamedTensor[] {
  if (parts === undefined) return [{ name, dtype, shape, data }];
  let at = 0;
  return parts.map((part, index) => {
    const end = at + part.reduce((product, size) => product * size, 1);
    const piece = ArrayBuffer.isView(data) ? data.subarray(at, end) : data.slice(at, end);
    at = end;
    let free = `${name}_${index}`;
    while (taken.includes(free)) free += '_';
    return { name: free, output: name, dtype, shape: part, data: piece };
  });
}
