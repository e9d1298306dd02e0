import { ENTRY, GRAPH, MODEL } from '../graph/field-numbers.ts';
import { messages, textOf } from '../graph/protobuf.ts';
import { readValue } from '../graph/value-type.ts';
import type { Signature } from './signature.ts';

/**
 * Completes a signature with descriptions from the graph where `model.json` has none: the model's doc string, or
 * `description` in its metadata, which object detectors use, and the doc strings of its inputs. The doc string of a
 * table does not describe any of its columns.
 */
export function withDocStrings(signature: Signature, model: Uint8Array): Signature {
  const described = messages(model, MODEL.metadataProps).find((entry) => textOf(entry, ENTRY.key) === 'description');
  const description =
    signature.description ??
    nonEmpty(textOf(model, MODEL.docString)) ??
    nonEmpty(described && textOf(described, ENTRY.value));
  const inputs = new Map(
    messages(model, MODEL.graph)
      .flatMap((graph) => messages(graph, GRAPH.input))
      .map(readValue)
      .map((value) => [value.name, value.description]),
  );
  const features = signature.features.map((feature) => {
    const alone = signature.features.filter(({ input }) => input === feature.input).length === 1;
    const text = feature.description ?? (alone ? nonEmpty(inputs.get(feature.input)) : undefined);
    return text === undefined ? feature : { ...feature, description: text };
  });
  return { ...signature, ...(description !== undefined && { description }), features };
}

const nonEmpty = (text: string | undefined): string | undefined => (text?.trim() === '' ? undefined : text?.trim());
