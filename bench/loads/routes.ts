import { isDeepStrictEqual } from 'node:util';
import type { BenchModel, Sample } from '../models/bench-model.ts';
import type { WireRequest } from './wire-request.ts';

/** How to send a sample of a model to a server, and what a correct response to it is. */
export interface Route {
  readonly request: (model: BenchModel, sample: Sample) => WireRequest;
  readonly isCorrect: (model: BenchModel, sample: Sample, body: Buffer) => boolean;
}

/** One object for one row, otherwise an array of objects. */
export const predictions: Route = {
  request: (model, sample) => json('/predictions', rowsOf(model, sample)),
  isCorrect(model, sample, body) {
    const received = JSON.parse(body.toString()) as
      { readonly prediction: unknown } | { readonly prediction: unknown }[];
    return isDeepStrictEqual(
      [received].flat().map(({ prediction }) => prediction),
      labelsOf(model, sample),
    );
  },
};

/** A server that responds with a constant: any JSON with a prediction per row will do. */
export const constantPredictions: Route = {
  request: predictions.request,
  isCorrect: (_, sample, body) => [JSON.parse(body.toString()) as unknown].flat().length === sample.rows,
};

/** The Open Inference Protocol in JSON, in both directions. */
export const inferJson: Route = {
  request: (model, sample) =>
    json(`/v2/models/${model.name}/infer`, {
      inputs: [{ ...tensorOf(model, sample), data: Array.from(sample.cells, shortest) }],
    }),
  isCorrect: (_, sample, body) =>
    (JSON.parse(body.toString()) as { readonly outputs: readonly JsonOutput[] }).outputs.every(({ name, data }) =>
      areClose(data.map(Number), sample.outputs[name]?.data),
    ),
};

interface JsonOutput {
  readonly name: string;
  readonly data: readonly (number | string)[];
}

/** The Open Inference Protocol with binary tensors in both directions. */
export const inferBinary: Route = {
  request(model, sample) {
    const bytes = bytesOf(sample.cells);
    const head = Buffer.from(
      JSON.stringify({
        inputs: [{ ...tensorOf(model, sample), parameters: { binary_data_size: bytes.length } }],
        parameters: { binary_data_output: true },
      }),
    );
    return {
      path: `/v2/models/${model.name}/infer`,
      headers: {
        'Content-Type': 'application/octet-stream',
        'Inference-Header-Content-Length': String(head.length),
      },
      body: Buffer.concat([head, bytes]),
    };
  },
  isCorrect(_, sample, body) {
    const end = endOfJson(body);
    const { outputs } = JSON.parse(body.subarray(0, end).toString()) as { readonly outputs: readonly BinaryOutput[] };
    let at = end;
    return outputs.every(({ name, datatype, parameters }) => {
      const part = body.subarray(at, (at += parameters.binary_data_size));
      return areClose(readTensor(datatype, part), sample.outputs[name]?.data);
    });
  },
};

interface BinaryOutput {
  readonly name: string;
  readonly datatype: string;
  readonly parameters: { readonly binary_data_size: number };
}

function readTensor(datatype: string, part: Buffer): number[] {
  const copy = Uint8Array.from(part).buffer;
  return datatype === 'INT64' ? Array.from(new BigInt64Array(copy), Number) : Array.from(new Float32Array(copy));
}

/** Finds the end of the JSON in front of binary tensors. The header that says it is not passed to `isCorrect`. */
function endOfJson(body: Buffer): number {
  let depth = 0;
  let inText = false;
  for (const [index, byte] of body.entries()) {
    if (inText && byte === 0x5c) throw new Error('the JSON has an escape, which this reader does not know');
    if (byte === 0x22) inText = !inText;
    else if (!inText && byte === 0x7b) depth += 1;
    else if (!inText && byte === 0x7d && --depth === 0) return index + 1;
  }
  throw new Error('the response has no complete JSON');
}

export function json(path: string, body: unknown): WireRequest {
  return { path, headers: { 'Content-Type': 'application/json' }, body: Buffer.from(JSON.stringify(body)) };
}

/** Returns the rows as objects; a single one without an array around it. */
function rowsOf({ features }: BenchModel, { rows, cells }: Sample): unknown {
  const objects = Array.from({ length: rows }, (_, row) =>
    Object.fromEntries(features.map((name, column) => [name, shortest(cells[row * features.length + column] ?? 0)])),
  );
  return rows === 1 ? objects[0] : objects;
}

function labelsOf({ classes }: BenchModel, { outputs }: Sample): (string | undefined)[] {
  const labels = Object.values(outputs).find(({ dtype }) => dtype === 'int64');
  return labels?.data.map((label) => classes[label]) ?? [];
}

const tensorOf = ({ input, rowShape }: BenchModel, { rows }: Sample): object => ({
  name: input,
  datatype: 'FP32',
  shape: [rows, ...rowShape],
});

export const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength);

/** Returns the number with two digits that a float32 stands for: 5.1, not 5.099999904632568. */
const shortest = (value: number): number => Math.round(value * 100) / 100;

function areClose(received: readonly number[], expected: readonly number[] | undefined): boolean {
  return (
    received.length === expected?.length &&
    received.every((value, index) => Math.abs(value - (expected[index] ?? NaN)) <= 1e-4 * (1 + Math.abs(value)))
  );
}
