import type { NamedTensor } from '../../inference/infer.ts';
import { formatCount, formatValue } from '../../inference/format-value.ts';
import { invalidTensor, readShape } from '../../inference/tensor-shape.ts';
import { ServiceError } from '../../errors.ts';
import { allDatatypes, dtypeOf } from '../../protocol/oip/datatypes.ts';
import { readRaw } from '../../protocol/oip/raw.ts';
import { WireReader } from '../../protobuf/wire-reader.ts';
import { decodeContents, readContents, type Contents } from './contents.ts';

/** ModelInferRequest, without its parameters, which are ignored. A missing text is empty. */
export interface InferRequest {
  readonly modelName: string;
  readonly modelVersion: string;
  readonly id: string;
  readonly inputs: readonly InputTensor[];
  /** The names of the requested outputs; empty for all. */
  readonly outputs: readonly string[];
  readonly rawContents: readonly Uint8Array[];
}

interface InputTensor {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly (number | bigint)[];
  readonly contents: Contents;
}

/** Decodes ModelInferRequest. The numbers are those of the fields in inference.proto. @throws {WireError} */
export function decodeInferRequest(bytes: Buffer): InferRequest {
  const reader = new WireReader(bytes);
  let [modelName, modelVersion, id] = ['', '', ''];
  const inputs: InputTensor[] = [];
  const outputs: string[] = [];
  const rawContents: Uint8Array[] = [];
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        modelName = reader.string();
        break;
      case 2:
        modelVersion = reader.string();
        break;
      case 3:
        id = reader.string();
        break;
      case 5:
        inputs.push(decodeInput(reader));
        break;
      case 6:
        outputs.push(decodeOutputName(reader));
        break;
      case 7:
        rawContents.push(reader.bytes());
        break;
      default:
        reader.skip();
    }
  }
  return { modelName, modelVersion, id, inputs, outputs, rawContents };
}

function decodeInput(reader: WireReader): InputTensor {
  const outer = reader.enter();
  let [name, datatype] = ['', ''];
  const shape: (number | bigint)[] = [];
  const contents: Contents = {};
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        name = reader.string();
        break;
      case 2:
        datatype = reader.string();
        break;
      case 3:
        decodeShape(reader, shape);
        break;
      case 5: {
        const input = reader.enter();
        decodeContents(reader, contents);
        reader.leave(input);
        break;
      }
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  return { name, datatype, shape, contents };
}

function decodeShape(reader: WireReader, shape: (number | bigint)[]): void {
  if (!reader.packed) {
    shape.push(reader.int64());
    return;
  }
  const outer = reader.enter();
  while (reader.more) shape.push(reader.int64());
  reader.leave(outer);
}

function decodeOutputName(reader: WireReader): string {
  const outer = reader.enter();
  let name = '';
  while (reader.next()) {
    if (reader.field === 1) name = reader.string();
    else reader.skip();
  }
  reader.leave(outer);
  return name;
}

/** Reads the inputs of a request from typed or raw contents. @throws {ServiceError} `invalid-input` */
export function readInputs({ inputs, rawContents }: Pick<InferRequest, 'inputs' | 'rawContents'>): NamedTensor[] {
  if (rawContents.length > 0 && rawContents.length !== inputs.length) {
    throw new ServiceError(
      'invalid-input',
      `raw_input_contents has ${formatCount(rawContents.length, 'element')}, ` +
        `but the request has ${formatCount(inputs.length, 'input')}. Each input needs one.`,
    );
  }
  return inputs.map((input, index) => readInput(input, rawContents[index]));
}

function readInput({ name, datatype, shape: sent, contents }: InputTensor, raw: Uint8Array | undefined): NamedTensor {
  const dtype = dtypeOf(datatype);
  if (dtype === undefined)
    throw invalidTensor(name, `the datatype is ${formatValue(datatype)}, expected one of ${allDatatypes.join(', ')}`);
  const { shape, count } = readShape(name, sent);
  if (raw === undefined) return { name, dtype, shape, data: readContents(name, dtype, contents) };
  if (Object.keys(contents).length > 0)
    throw invalidTensor(name, 'it has both contents and raw_input_contents. Send only one of them');
  return { name, dtype, shape, data: readRaw(name, dtype, count, raw) };
}
