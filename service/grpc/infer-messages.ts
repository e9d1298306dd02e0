import type { DType } from '../../onnx/engine/engine.ts';
import type { NamedTensor } from '../inference/infer.ts';
import { shown } from '../inference/format-value.ts';
import { invalidTensor, readShape } from '../inference/tensor-shape.ts';
import { ServiceError } from '../errors.ts';
import { allDatatypes, datatypeOf, dtypeOf } from '../protocol/oip/datatypes.ts';
import { readRaw, writeRaw } from '../protocol/oip/raw.ts';
import { isRawOnly, readContents, writeContents } from './contents.ts';
import type { ModelInferRequest, ModelInferResponse, WireTensor } from './messages.ts';

/** The inputs of a request, from typed or raw contents. @throws ServiceError `invalid-input` */
export function readInputs({ inputs = [], raw_input_contents: raw = [] }: ModelInferRequest): NamedTensor[] {
  if (raw.length > 0 && raw.length !== inputs.length) {
    throw new ServiceError(
      'invalid-input',
      `raw_input_contents has ${raw.length} elements, and there are ${inputs.length} inputs: each needs one.`,
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
    throw invalidTensor(name, `the datatype is ${shown(datatype)}, expected one of ${allDatatypes.join(', ')}`);
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
    throw invalidTensor(name, 'it has contents of its own, and raw_input_contents too: send one of them');
  return readRaw(name, dtype, count, raw);
}

/** The outputs as the inputs came, raw or typed; raw all of them too where one has no other way. */
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
