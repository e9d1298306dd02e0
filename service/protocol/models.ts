import type { Signature } from '../../onnx/signature.ts';
import type { ModelDescription, ModelListEntry } from '../contract/index.ts';
import type { Entry } from '../inference/repository.ts';

/** One line of `GET /models`. */
export function describeEntry(entry: Entry): ModelListEntry {
  if (entry.state === 'loading') return { name: entry.name, state: entry.state };
  if (entry.state === 'failed') return { name: entry.name, state: entry.state, reason: entry.reason };
  const { name, version, output, examples } = entry.model.signature;
  return { name, version, state: entry.state, task: output.task, verified: examples.length > 0, load_seconds: entry.loadSeconds };
}

/** `GET /models/{name}`: the signature, in the words of its author. */
export function describeModel({ name, version, description, features, output, metrics, examples }: Signature): ModelDescription {
  return {
    name,
    version,
    ...(description !== undefined && { description }),
    task: output.task,
    features: features.map(({ input, column, ...feature }) => feature),
    ...(output.task === 'classifier' && { classes: output.classes }),
    metrics,
    examples,
  };
}
