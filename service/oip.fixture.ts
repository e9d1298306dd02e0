import { pack } from '../onnx/signature/dtypes.ts';
import { readJson, writeJson, type RecordedTensor, type Scalar } from '../fixtures/trainers/trainers.fixture.ts';

/** A client of the Open Inference Protocol, written from its specification alone. */
export const datatypes: Readonly<Record<RecordedTensor['dtype'], string>> = {
  float16: 'FP16', float32: 'FP32', float64: 'FP64', int8: 'INT8', int16: 'INT16', int32: 'INT32', int64: 'INT64',
  uint8: 'UINT8', uint16: 'UINT16', uint32: 'UINT32', uint64: 'UINT64', bool: 'BOOL', string: 'BYTES',
};

interface Declared { readonly name: string; readonly datatype: string; readonly shape: readonly number[]; readonly data?: readonly Scalar[]; readonly parameters?: { readonly binary_data_size: number } }

const declared = ({ name, dtype, shape }: RecordedTensor) => ({ name, datatype: datatypes[dtype], shape });

async function post(url: string, body: Uint8Array, headers: Record<string, string>): Promise<{ json: Record<string, unknown>; tail: Buffer }> {
  const response = await fetch(url, { method: 'POST', body, headers, signal: AbortSignal.timeout(20_000) });
  const bytes = Buffer.from(await response.arrayBuffer());
  if (response.status !== 200) throw new Error(`${url} answered ${response.status}: ${bytes.toString()}`);
  const length = Number(response.headers.get('Inference-Header-Content-Length') ?? bytes.length);
  return { json: readJson(bytes.subarray(0, length).toString()) as Record<string, unknown>, tail: bytes.subarray(length) };
}

/** Asks for all outputs, in JSON both ways. */
export async function inferJson(url: string, inputs: readonly RecordedTensor[]): Promise<RecordedTensor[]> {
  const body = Buffer.from(writeJson({ inputs: inputs.map((tensor) => ({ ...declared(tensor), data: tensor.data })) }));
  const { json } = await post(url, body, { 'Content-Type': 'application/json' });
  return (json['outputs'] as Declared[]).map((output) => tensor(output, output.data ?? []));
}

/** Asks for all outputs, in binary both ways. */
export async function inferBinary(url: string, inputs: readonly RecordedTensor[]): Promise<RecordedTensor[]> {
  const raw = inputs.map(toRaw);
  const described = inputs.map((tensor, index) => ({ ...declared(tensor), parameters: { binary_data_size: raw[index]?.length } }));
  const head = Buffer.from(JSON.stringify({ inputs: described, parameters: { binary_data_output: true } }));
  const { json, tail } = await post(url, Buffer.concat([head, ...raw]), { 'Content-Type': 'application/octet-stream', 'Inference-Header-Content-Length': String(head.length) });
  let at = 0;
  return (json['outputs'] as Declared[]).map((output) => tensor(output, fromRaw(output.datatype, tail.subarray(at, at += output.parameters?.binary_data_size ?? 0))));
}

function tensor({ name, datatype, shape }: Declared, data: readonly Scalar[]): RecordedTensor {
  const dtype = (Object.keys(datatypes) as RecordedTensor['dtype'][]).find((each) => datatypes[each] === datatype);
  if (dtype === undefined) throw new Error(`the output ${name} has the datatype ${datatype}`);
  const wide = dtype === 'int64' || dtype === 'uint64';
  // What JSON calls "NaN" is a number, and a whole number of a float may have too many digits for one.
  const read = wide ? BigInt : dtype === 'string' || dtype === 'bool' ? (value: Scalar) => value : Number;
  return { name, dtype, shape, data: data.map(read) };
}

/** Little-endian, row-major; a text is preceded by its length in four bytes. */
export function toRaw({ dtype, data }: RecordedTensor): Buffer {
  if (dtype !== 'string') {
    const { buffer, byteOffset, byteLength } = pack(dtype, data) as Exclude<ReturnType<typeof pack>, readonly string[]>;
    return Buffer.from(buffer, byteOffset, byteLength);
  }
  return Buffer.concat(data.flatMap((text) => {
    const bytes = Buffer.from(text as string);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.length);
    return [length, bytes];
  }));
}

const arrays = {
  FP16: Float16Array, FP32: Float32Array, FP64: Float64Array, INT8: Int8Array, INT16: Int16Array, INT32: Int32Array, INT64: BigInt64Array,
  UINT8: Uint8Array, UINT16: Uint16Array, UINT32: Uint32Array, UINT64: BigUint64Array,
};

export function fromRaw(datatype: string, bytes: Buffer): Scalar[] {
  if (datatype === 'BOOL') return Array.from(bytes, (byte) => byte === 1);
  if (datatype !== 'BYTES') return Array.from<Scalar>(new arrays[datatype as keyof typeof arrays](Uint8Array.from(bytes).buffer));
  const texts: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = bytes.readUInt32LE(at);
    texts.push(bytes.toString('utf8', at + 4, at += 4 + length));
  }
  return texts;
}
