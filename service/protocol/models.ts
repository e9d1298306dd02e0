import type { Signature } from '../../onnx/signature.ts';
import type { Entry } from '../inference/repository.ts';

/** One line of `GET /models`. */
export function describeEntry(entry: Entry): Record<string, unknown> {
  if (entry.state !== 'loaded') {
    return { name: entry.folder, state: entry.state, ...(entry.state === 'failed' && { reason: entry.reason }) };
  }
  const { name, version, output, examples } = entry.model.signature;
  return { name, version, state: entry.state, task: output.task, verified: examples.length > 0, load_seconds: entry.loadSeconds };
}

/** `GET /models/{name}`: the signature, in the words of its author. */
export function describeModel({ name, version, description, features, output, metrics, examples }: Signature): Record<string, unknown> {
  return {
    name,
    version,
    ...(description !== undefined && { description }),
    task: output.task,
    features: features.map((feature) => ({ ...feature, input: undefined, column: undefined })),
    ...(output.task === 'classifier' && { classes: output.classes }),
    metrics,
    examples,
  };
}
