import type { DType } from '../../onnx/engine/engine.ts';
import type { NamedTensor } from '../inference/infer.ts';
import { formatCount, formatValue } from '../inference/format-value.ts';
import { invalidTensor, readShape } from '../inference/tensor-shape.ts';
import { ServiceError } from '../errors.ts';
import { allDatatypes, datatypeOf, dtypeOf } from '../protocol/oip/datatypes.ts';
import { readRaw, writeRaw } from '../protocol/oip/raw.ts';
import { isRawOnly, readContents, writeContents } from './contents.ts';
import type { ModelInferRequest, ModelInferResponse, WireTensor } from './messages.ts';

/** Reads the inputs of a request from typed or raw contents. @throws {ServiceError} `invalid-input` */
export function readInputs({ inputs = [], raw_input_contents: raw = [] }: ModelInferRequest): NamedTensor[] {
  if (raw.length > 0 && raw.length !== inputs.length) {
    throw new ServiceError(
      'invalid-input',
      `raw_input_contents has ${formatCount(raw.length, 'element')}, ` +
        `but the request has ${formatCount(inputs.length, 'input')}. Each input needs one.`,
    );
  }
  return inputs.map((input, index) => readInput(input, raw[index]));
}

function readInput(
  { name = '', datatype = '', shape: sent = [], contents = {} }: WireTensor,
  raw: Uint8Array | undefined,
): NamedTensor {
  const dtype = dtypeOf(datatype);
  if (dtype === undefined)
    throw invalidTensor(name, `the datatype is ${formatValue(datatype)}, expected one of ${allDatatypes.join(', ')}`);
  const { shape, count } = readShape(name, sent.map(BigInt));
  return { name, dtype, shape, data: readData(name, dtype, count, contents, raw) };
}

function readData(
  name: string,
  dtype: DType,
  count: number,
  contents: NonNullable<WireTensor['contents']>,
  raw: Uint8Array | undefined,
): NamedTensor['data'] {
  if (raw === undefined) return readContents(name, dtype, contents);
  if (Object.keys(contents).length > 0)
    throw invalidTensor(name, 'it has both contents and raw_input_contents. Send only one of them');
  return readRaw(name, dtype, count, raw);
}

/** Writes the outputs raw if the inputs were raw, or if one of the outputs can only be sent raw; otherwise typed. */
export function writeOutputs(
  request: ModelInferRequest,
  outputs: readonly NamedTensor[],
): Pick<ModelInferResponse, 'outputs' | 'raw_output_contents'> {
  const raw = (request.raw_input_contents ?? []).length > 0 || outputs.some(({ dtype }) => isRawOnly(dtype));
  const described = outputs.map((tensor): WireTensor => ({
    name: tensor.name,
    datatype: datatypeOf(tensor.dtype),
    shape: tensor.shape.map(String),
    ...(!raw && { contents: writeContents(tensor) }),
  }));
  return { outputs: described, ...(raw && { raw_output_contents: outputs.map(writeRaw) }) };
}
