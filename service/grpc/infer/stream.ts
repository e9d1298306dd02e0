import { finishFrame } from '../http2/messages.ts';
import { WireReader } from '../../protobuf/wire-reader.ts';
import { WireWriter } from '../../protobuf/wire-writer.ts';

/** Writes the message so far as `infer_response` of ModelStreamInferResponse. */
export function delimitStreamed(writer: WireWriter): void {
  writer.delimit(2, 0);
}

/** Encodes ModelStreamInferResponse for a request that failed, with its prefix. As Triton's, it has the id. */
export function encodeStreamError(id: string, message: string): Buffer {
  const writer = new WireWriter(2 * message.length);
  writer.string(3, id);
  delimitStreamed(writer);
  writer.string(1, message);
  return finishFrame(writer);
}

/** Returns the id of a ModelInferRequest that may be malformed. */
export function readId(message: Buffer): string {
  const reader = new WireReader(message);
  let id = '';
  try {
    while (reader.next()) {
      if (reader.field === 3) id = reader.string();
      else reader.skip();
    }
  } catch {
    // What comes before is known.
  }
  return id;
}
