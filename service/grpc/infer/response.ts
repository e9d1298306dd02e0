import type { NamedTensor } from '../../inference/infer.ts';
import { responseTooLarge } from '../../inference/request-size.ts';
import { datatypeOf } from '../../protocol/oip/datatypes.ts';
import { writeRaw } from '../../protocol/oip/raw.ts';
import { finishFrame } from '../http2/messages.ts';
import { WireWriter } from '../../protobuf/wire-writer.ts';
import { delimitStreamed } from './stream.ts';
import { isRawOnly, writeContents } from './contents.ts';
import type { InferRequest } from './request.ts';

/** What a response takes besides the elements: enough for most, and it grows. */
const NAMES_BYTES = 160;

/**
 * Encodes ModelInferResponse, with its prefix. The numbers are those of the fields in inference.proto.
 *
 * The outputs are raw if the inputs were raw, or if one of the outputs can only be sent raw; otherwise typed.
 *
 * @param mostBytes the bytes of the largest response
 * @param streamed writes ModelStreamInferResponse with it instead
 * @throws {ServiceError} `body-too-large`
 */
export function encodeInferResponse(
  { name, version }: { readonly name: string; readonly version: string },
  { id, rawContents }: Pick<InferRequest, 'id' | 'rawContents'>,
  outputs: readonly NamedTensor[],
  mostBytes = Infinity,
  streamed = false,
): Buffer {
  const raw = rawContents.length > 0 || outputs.some(({ dtype }) => isRawOnly(dtype));
  // Each element takes at least one byte.
  if (outputs.reduce((sum, { data }) => sum + data.length, 0) > mostBytes) throw responseTooLarge(mostBytes);
  const writer = new WireWriter(NAMES_BYTES + outputs.reduce((sum, { data }) => sum + sizeOf(data), 0));
  if (raw) for (const tensor of outputs.toReversed()) writer.element(6, writeRaw(tensor));
  for (const tensor of outputs.toReversed()) writeOutput(writer, tensor, raw);
  if (streamed) writeFinal(writer);
  writer.string(3, id);
  writer.string(2, version);
  writer.string(1, name);
  if (streamed) delimitStreamed(writer);
  const frame = finishFrame(writer);
  if (frame.length > mostBytes) throw responseTooLarge(mostBytes);
  return frame;
}

/** Says that there is no other response to the request, as Triton does in every response of a stream. */
function writeFinal(writer: WireWriter): void {
  const parameter = writer.length;
  writer.varint(1);
  writer.varint(BOOL_PARAM * 8);
  writer.delimit(2, parameter);
  writer.element(1, 'triton_final_response');
  writer.delimit(4, parameter);
}

/** The number of `bool_param` in InferParameter. */
const BOOL_PARAM = 1;

function writeOutput(writer: WireWriter, tensor: NamedTensor, raw: boolean): void {
  const output = writer.length;
  if (!raw) {
    const contents = writer.length;
    writeContents(writer, tensor);
    writer.delimit(5, contents);
  }
  const { name, dtype, shape } = tensor;
  if (shape.length > 0) {
    const before = writer.length;
    for (const size of shape.toReversed()) writer.varint(size);
    writer.delimit(3, before);
  }
  writer.string(2, datatypeOf(dtype));
  writer.string(1, name);
  writer.delimit(5, output);
}

/** Returns about how many bytes the elements take. */
function sizeOf(data: NamedTensor['data']): number {
  return ArrayBuffer.isView(data) ? data.byteLength : data.length * 16;
}
