import { MODEL, OPSET } from './field-numbers.ts';
import { first, int64, messages, ProtobufError, textOf } from './protobuf.ts';

/** Returns the version of ONNX's own operators that a model uses; undefined if it imports none, or is damaged. */
export function ownOpset(model: Uint8Array): number | undefined {
  try {
    const own = messages(model, MODEL.opsetImport).find((each) => ['', 'ai.onnx'].includes(textOf(each, OPSET.domain)));
    const version = own && first(own, OPSET.version);
    return version && Number(int64(version));
  } catch (error) {
    if (error instanceof ProtobufError) return undefined;
    throw error;
  }
}
