import type { Tensor } from '../engine/engine.ts';
import { mayCarryRows, type Batching } from '../signature/batching.ts';
import { unpack, type Scalar } from '../signature/dtypes.ts';
import type { OutputValue } from '../signature/model-json.ts';
import type { Signature } from '../signature/signature.ts';
import type { ClassifierOutput } from '../signature/task.ts';
import type { TensorSpec } from '../signature/tensor-spec.ts';

/** A model's prediction for one row; which fields it has depends on the model's task. */
export interface Prediction {
  /** The name of the class; a regressor's number; -1 or 1 from an anomaly detector. */
  readonly prediction?: string | number;
  /** By class, in the order of the signature; they add up to about 1. */
  readonly probabilities?: Readonly<Record<string, number>>;
  /** In place of probabilities, if they are not a distribution. */
  readonly scores?: Readonly<Record<string, number>>;
  readonly score?: number;
  /** By output: an element, or nested arrays of elements. */
  readonly outputs?: Readonly<Record<string, OutputValue>>;
}

/** Returns the names of the outputs that predictions are read from. */
export function predictionOutputs({ output }: Signature): string[] {
  switch (output.task) {
    case 'classifier':
      return [output.label, ...(output.probabilities ?? [])];
    case 'anomaly-detector':
      return [output.label, output.score];
    case 'regressor':
      return [output.value];
    case 'tensors':
      return output.outputs.map(({ name }) => name);
  }
}

/**
 * Returns whether every output has the rows along its first dimension: a run may not do what the graph declares.
 *
 * @param fetches the names of the outputs
 */
export function outputsCarryRows(
  outputs: Readonly<Record<string, Tensor>>,
  fetches: readonly string[],
  rows: number,
): boolean {
  for (const name of fetches) if (outputs[name]?.shape[0] !== rows) return false;
  return true;
}

/** Returns the name of a classifier's numbers in a prediction. */
export function classNumbers({ areScores = false }: ClassifierOutput): 'probabilities' | 'scores' {
  return areScores ? 'scores' : 'probabilities';
}

/** Reads the predictions from the outputs of a run. */
export function decodePredictions(
  signature: Signature,
  outputs: Readonly<Record<string, Tensor>>,
  rows: number,
): Prediction[] {
  const { output, batching } = signature;
  // Read directly: only booleans would have to be unpacked, which labels, scores and probabilities never are.
  const each = (name: string): ArrayLike<Scalar> => fetched(outputs, name).data;
  const all = (make: (row: number) => Prediction): Prediction[] => Array.from({ length: rows }, (_, row) => make(row));
  switch (output.task) {
    case 'regressor': {
      const values = each(output.value);
      return all((row) => ({ prediction: Number(values[row]) }));
    }
    case 'anomaly-detector': {
      const [labels, scores] = [each(output.label), each(output.score)];
      return all((row) => ({ prediction: Number(labels[row]), score: Number(scores[row]) }));
    }
    case 'classifier': {
      const labels = each(output.label);
      const probabilities = output.probabilities?.map(each);
      const key = classNumbers(output);
      return all((row) => ({
        prediction: className(output, labels[row]),
        ...(probabilities && { [key]: probabilitiesOf(output, probabilities, row) }),
      }));
    }
    case 'tensors': {
      const values = output.outputs
        .filter(({ name, optional }) => !optional || outputs[name] !== undefined)
        .map((spec) => [spec.name, perRow(spec, fetched(outputs, spec.name), rows, batching)] as const);
      return all((row) => ({ outputs: Object.fromEntries(values.map(([name, list]) => [name, list[row] ?? []])) }));
    }
  }
}

function probabilitiesOf(
  { classes, top }: ClassifierOutput,
  outputs: readonly ArrayLike<Scalar>[],
  row: number,
): Record<string, number> {
  const [matrix, ...columns] = outputs;
  const value = (index: number): Scalar | undefined =>
    columns.length === 0 ? matrix?.[row * classes.length + index] : outputs[index]?.[row];
  const all = classes.map((name, index) => [name, Number(value(index))] as const);
  return Object.fromEntries(top === undefined ? all : all.sort(([, a], [, b]) => b - a).slice(0, top));
}

function className({ labels, classes }: ClassifierOutput, label: Scalar | undefined): string {
  const index = labels.findIndex((known) => known === label);
  return classes[index] ?? String(label);
}

/** Returns an output's value for each row, without the dimension of rows if it has one. */
function perRow(spec: TensorSpec, tensor: Tensor, rows: number, batching: Batching): OutputValue[] {
  const values = unpack(tensor);
  if (tensor.parts !== undefined) return [nestParts(values, tensor.parts)];
  if (!hasRows(spec, tensor, rows, batching)) return [nestArray(values, tensor.shape)];
  const [, ...rest] = tensor.shape;
  const size = rest.reduce((product, dimension) => product * dimension, 1);
  return Array.from({ length: rows }, (_, row) => nestArray(values.slice(row * size, (row + 1) * size), rest));
}

/** Returns whether an output has the run's rows along its first dimension; otherwise it is one value as a whole. */
export function hasRows(spec: TensorSpec, { shape }: Tensor, rows: number, batching: Batching): boolean {
  return shape[0] === rows && mayCarryRows(spec, batching);
}

/** Nests the elements of the tensors of a sequence, each by its shape. */
function nestParts(values: readonly Scalar[], parts: readonly (readonly number[])[]): OutputValue[] {
  let at = 0;
  return parts.map((shape) => {
    const size = shape.reduce((product, dimension) => product * dimension, 1);
    return nestArray(values.slice(at, (at += size)), shape);
  });
}

/** Nests elements in arrays by a shape; returns the element itself for a scalar. */
export function nestArray(values: readonly Scalar[], [first, ...rest]: readonly number[]): OutputValue {
  if (first === undefined) return values[0] ?? [];
  if (rest.length === 0) return values;
  const size = values.length / Math.max(first, 1);
  return Array.from({ length: first }, (_, index) => nestArray(values.slice(index * size, (index + 1) * size), rest));
}

function fetched(outputs: Readonly<Record<string, Tensor>>, name: string): Tensor {
  const tensor = outputs[name];
  if (!tensor) throw new RangeError(`the run did not return the output '${name}'`);
  return tensor;
}
