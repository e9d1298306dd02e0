/** Sends the values of a vector to a service with the Open Inference Protocol, and compares what it returns. */
import { setTimeout } from 'node:timers/promises';
import { toJson } from '../../../onnx/exact-json.ts';
import type { Tensor } from '../../../onnx/engine/engine.ts';
import { pack, unpack } from '../../../onnx/signature/dtypes.ts';
import { datatypeOf, dtypeOf } from '../../../service/protocol/oip/datatypes.ts';
import { readData } from '../../../service/protocol/oip/data.ts';
import { readRaw, writeRaw } from '../../../service/protocol/oip/raw.ts';
import { parseJson } from '../../../service/protocol/json.ts';
import type { Value, Values, Vector } from './vectors.ts';

export type Encoding = 'binary' | 'JSON';

interface SentOutput {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly data?: unknown;
  readonly parameters?: { readonly binary_data_size: number };
}

/** What is wrong with a vector. */
export interface Problem {
  /** Whether the service rejected the request; otherwise an output is wrong. */
  readonly rejected: boolean;
  readonly reason: string;
}

/** Runs every data set of a vector. Returns undefined if all outputs are right. */
export async function problemWith(url: string, vector: Vector, encoding: Encoding): Promise<Problem | undefined> {
  for (const [inputs, wanted] of vector.sets) {
    const outputs = await infer(`${url}/v2/models/${vector.name}/infer`, inputs, encoding);
    if (typeof outputs === 'string') return { rejected: true, reason: outputs };
    for (const [name, value] of Object.entries(wanted)) {
      const reason = differs(vector, name, value, outputs);
      if (reason !== undefined) return { rejected: false, reason };
    }
  }
  return undefined;
}

async function infer(url: string, values: Values, encoding: Encoding): Promise<ReadonlyMap<string, Tensor> | string> {
  const tensors = Object.entries(values).flatMap(([name, value]) => named(name, value));
  const binary = encoding === 'binary';
  const tail = binary ? tensors.map(([, tensor]) => writeRaw(tensor)) : [];
  const head = Buffer.from(
    toJson({
      inputs: tensors.map(([name, { dtype, shape, data }], index) => ({
        name,
        datatype: datatypeOf(dtype),
        shape,
        ...(binary
          ? { parameters: { binary_data_size: tail[index]?.length } }
          : { data: unpack({ dtype, shape, data }) }),
      })),
      parameters: { binary_data_output: binary },
    }),
  );
  const send = () =>
    fetch(url, {
      method: 'POST',
      headers: binary
        ? { 'Content-Type': 'application/octet-stream', 'Inference-Header-Content-Length': String(head.length) }
        : { 'Content-Type': 'application/json' },
      body: Buffer.concat([head, ...tail]),
      signal: AbortSignal.timeout(30_000),
    });
  let response = await send();
  // Large requests are decoded one after another: those that would wait for long are refused.
  for (let attempt = 0; response.status === 503 && attempt < 300; attempt++) {
    await response.body?.cancel();
    await setTimeout(100);
    response = await send();
  }
  const body = new Uint8Array(await response.arrayBuffer());
  const length = Number(response.headers.get('Inference-Header-Content-Length') ?? body.length);
  const { error, outputs = [] } = parseJson(body.subarray(0, length)) as { error?: string; outputs?: SentOutput[] };
  if (response.status !== 200) return `${response.status}: ${error ?? ''}`;
  let at = length;
  return new Map(
    outputs.map(({ name, datatype, shape, data, parameters }): [string, Tensor] => {
      const dtype = dtypeOf(datatype);
      if (dtype === undefined) throw new Error(`The output '${name}' has the datatype ${datatype}.`);
      const count = shape.reduce((product, size) => product * size, 1);
      if (parameters === undefined)
        return [name, { dtype, shape, data: readData(name, dtype, { shape, count }, data) }];
      const bytes = body.subarray(at, (at += parameters.binary_data_size));
      return [name, { dtype, shape, data: readRaw(name, dtype, count, bytes) }];
    }),
  );
}

/** Returns the tensors to send for a value: none if it is absent, and a stack of the tensors of a sequence. */
function named(name: string, value: Value): [string, Tensor][] {
  if (value === null) return [];
  if (isTensor(value)) return [[name, value]];
  const stack = stacked(value);
  return stack === undefined ? value.flatMap((each, index) => named(`${name}_${index}`, each)) : [[name, stack]];
}

/** Stacks tensors along a new first dimension. Returns undefined if there are none, or if their shapes differ. */
function stacked(values: readonly Value[]): Tensor | undefined {
  const tensors = values.filter(isTensor);
  const [first] = tensors;
  if (first === undefined || tensors.some(({ shape }) => shape.join() !== first.shape.join())) return undefined;
  const { dtype, shape } = first;
  return { dtype, shape: [tensors.length, ...shape], data: pack(dtype, tensors.flatMap(unpack)) };
}

const isTensor = (value: Value): value is Tensor => value !== null && 'dtype' in value;

function differs(
  vector: Vector,
  name: string,
  wanted: Value,
  outputs: ReadonlyMap<string, Tensor>,
): string | undefined {
  if (wanted === null) return outputs.has(name) ? `${name} is not absent` : undefined;
  if (isTensor(wanted)) return differsFrom(vector, name, wanted, outputs.get(name));
  const all = outputs.get(name);
  if (all !== undefined && all.shape[0] !== wanted.length) return `${name} has ${all.shape[0] ?? 'no'} tensors`;
  for (const [index, each] of wanted.entries()) {
    if (each === null || !isTensor(each)) return `${name} is a sequence of sequences`;
    const piece = all === undefined ? outputs.get(`${name}_${index}`) : part(all, index);
    const problem = differsFrom(vector, `${name}_${index}`, each, piece);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** Returns one of the tensors that a tensor stacks along its first dimension. */
function part({ dtype, shape: [count = 1, ...shape], data }: Tensor, index: number): Tensor {
  const size = data.length / count;
  return { dtype, shape, data: data.slice(index * size, (index + 1) * size) };
}

function differsFrom(
  { rtol, atol }: Vector,
  name: string,
  wanted: Tensor,
  tensor: Tensor | undefined,
): string | undefined {
  if (tensor === undefined) return `${name} is missing`;
  if (tensor.dtype !== wanted.dtype || tensor.shape.join() !== wanted.shape.join())
    return `${name} is ${tensor.dtype}[${tensor.shape.join()}], expected ${wanted.dtype}[${wanted.shape.join()}]`;
  const [values, expected] = [unpack(tensor), unpack(wanted)];
  for (const [index, want] of expected.entries()) {
    const value = values[index];
    if (Object.is(value, want) || value === want) continue;
    const near =
      typeof value === 'number' && typeof want === 'number' && Math.abs(value - want) <= atol + rtol * Math.abs(want);
    if (!near) return `element ${index} of ${name} is ${String(value)}, expected ${String(want)}`;
  }
  return undefined;
}
