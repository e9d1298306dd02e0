import { GRAPH, MODEL, OPSET } from '../graph/field-numbers.ts';
import { ownOpset } from '../graph/opset.ts';
import { graphNodes, readNode, type Node } from '../graph/node.ts';
import { concatenate, encode, fields, message, messages, textOf } from '../graph/protobuf.ts';
import { LOOPS_WITH_SEQUENCES } from './sequence-loops.ts';

/** The first version that has sequences. */
const SEQUENCES = 11;

/** What means something else since a version that the lift passes: other inputs, or another default of an attribute. */
const changed: ReadonlySet<string> = new Set(
  'Dropout Hardmax LogSoftmax ReduceSum Softmax Split Squeeze Unsqueeze'.split(' '),
);

/**
 * Declares a later version of ONNX's own operators for a model with sequences, so that loops can carry them, if all of
 * its operators mean the same in that version. Returns the same object if that is not needed, or not possible.
 */
export function liftOpset(model: Uint8Array): Uint8Array {
  const opset = ownOpset(model) ?? 0;
  if (opset < SEQUENCES || opset >= LOOPS_WITH_SEQUENCES) return model;
  // The body of a function declares a version of its own, which would no longer be the model's.
  if (messages(model, MODEL.functions).length > 0 || graphNodes(model).some(hasChanged)) return model;
  return concatenate(
    [...fields(model)].map((field) =>
      field.number === MODEL.opsetImport && ['', 'ai.onnx'].includes(textOf(message(field), OPSET.domain))
        ? encode(MODEL.opsetImport, [encode(OPSET.domain, ''), encode(OPSET.version, LOOPS_WITH_SEQUENCES)])
        : field.raw,
    ),
  );
}

const hasChanged = ({ domain, opType, subgraphs }: Node): boolean =>
  (domain === '' && changed.has(opType)) ||
  subgraphs.some((graph) => messages(graph, GRAPH.node).some((bytes) => hasChanged(readNode(bytes))));
