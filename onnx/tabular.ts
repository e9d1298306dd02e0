import type { DType, Tensor, TensorData } from './engine/engine.ts';
import type { FeatureValue } from './model-json.ts';
import type { ClassifierOutput, Signature } from './signature.ts';

/** The values of one row, in the order of the signature's features; each already fits its feature's dtype. */
export type Row = readonly FeatureValue[];

export interface Prediction {
  /** A class's name, or a regressor's number. */
  readonly prediction: string | number;
  /** By class, in the signature's order; they add up to about 1. */
  readonly probabilities?: Readonly<Record<string, number>>;
}

/** The session's input tensors of shape [rows, width]. */
export function encodeRows(signature: Signature, rows: readonly Row[]): Record<string, Tensor> {
  const feeds: Record<string, Tensor> = {};
  let first = 0;
  for (const { name, dtype, width } of signature.inputs) {
    const values = rows.flatMap((row) => row.slice(first, first + width));
    feeds[name] = { dtype, shape: [rows.length, width], data: pack(dtype, values) };
    first += width;
  }
  return feeds;
}

/** Names of the outputs that predictions are read from. */
export function outputNames({ output }: Signature): string[] {
  if (output.task === 'regressor') return [output.value];
  return output.probabilities === undefined ? [output.label] : [output.label, output.probabilities];
}

export function decodePredictions({ output }: Signature, outputs: Readonly<Record<string, Tensor>>): Prediction[] {
  if (output.task === 'regressor') {
    return Array.from<unknown, Prediction>(fetched(outputs, output.value).data, (value) => ({ prediction: Number(value) }));
  }
  const probabilities = output.probabilities === undefined ? undefined : fetched(outputs, output.probabilities).data;
  return Array.from<unknown, Prediction>(fetched(outputs, output.label).data, (label, row) => ({
    prediction: className(output, label),
    ...(probabilities && { probabilities: rowOf(output.classes, probabilities, row) }),
  }));
}

function rowOf(classes: readonly string[], probabilities: TensorData, row: number): Record<string, number> {
  return Object.fromEntries(classes.map((name, index) => [name, Number(probabilities[row * classes.length + index])]));
}

function className({ labels, classes }: ClassifierOutput, label: unknown): string {
  const index = labels.findIndex((known) => known === label);
  return classes[index] ?? String(label);
}

function fetched(outputs: Readonly<Record<string, Tensor>>, name: string): Tensor {
  const tensor = outputs[name];
  if (!tensor) throw new RangeError(`the run gave no output '${name}'`);
  return tensor;
}

function pack(dtype: DType, values: readonly FeatureValue[]): TensorData {
  switch (dtype) {
    case 'float32': return Float32Array.from(values, Number);
    case 'float64': return Float64Array.from(values, Number);
    case 'int8': return Int8Array.from(values, Number);
    case 'int16': return Int16Array.from(values, Number);
    case 'int32': return Int32Array.from(values, Number);
    case 'int64': return BigInt64Array.from(values, BigInt);
    case 'uint16': return Uint16Array.from(values, Number);
    case 'uint32': return Uint32Array.from(values, Number);
    case 'uint64': return BigUint64Array.from(values, BigInt);
    case 'uint8':
    case 'bool': return Uint8Array.from(values, Number);
    case 'float16': return Float16Array.from(values, Number);
    case 'string': return values.map(String);
  }
}
