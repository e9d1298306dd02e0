/** Reads mutated models, one at a time, with everything that a file goes through before the runtime gets it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plausibleInputs } from '../../../onnx/batch/plausible-inputs.ts';
import { describeGraph } from '../../../onnx/description.ts';
import type { DType, TensorInfo } from '../../../onnx/engine/engine.ts';
import { readModelFile } from '../../../onnx/file/model-file.ts';
import { argMaxLabels, classLabels } from '../../../onnx/graph/class-labels.ts';
import { GRAPH, MODEL } from '../../../onnx/graph/field-numbers.ts';
import { graphFacts } from '../../../onnx/graph/graph-facts.ts';
import { graphNodes } from '../../../onnx/graph/node.ts';
import { messages } from '../../../onnx/graph/protobuf.ts';
import { readValue } from '../../../onnx/graph/value-type.ts';
import { withDocStrings } from '../../../onnx/signature/doc-strings.ts';
import { resolveSignature } from '../../../onnx/signature/signature.ts';

/** What became of a case: it was read, or refused with an error of this project. Anything else is a finding. */
export interface Outcome {
  readonly refused?: string;
  readonly finding?: string;
  /** How many rows were generated for it. */
  readonly rows?: number;
}

const refusals = ['ModelFileError', 'ProtobufError', 'NonTensorError', 'ExternalDataError', 'SignatureError'];
const folder = mkdtempSync(join(tmpdir(), 'rhizome-fuzz-'));
const file = join(folder, 'model.onnx');
process.on('exit', () => {
  rmSync(folder, { recursive: true, force: true });
});
process.on('disconnect', () => process.exit());

process.on('message', (model: Uint8Array) => {
  read(model).then(
    (rows) => process.send?.({ rows } satisfies Outcome),
    (error: unknown) => {
      const { name, message, stack } = error as Error;
      process.send?.((refusals.includes(name) ? { refused: name } : { finding: stack ?? message }) satisfies Outcome);
    },
  );
});

async function read(bytes: Uint8Array): Promise<number> {
  writeFileSync(file, bytes);
  const { model, labels } = await readModelFile(file);
  graphFacts(model);
  describeGraph(bytes);
  const nodes = graphNodes(model);
  const session = { inputs: declared(model, GRAPH.input), outputs: declared(model, GRAPH.output) };
  const signature = withDocStrings(
    resolveSignature({ name: 'm' }, session, labels, {}, () => classLabels(nodes) ?? argMaxLabels(model)),
    model,
  );
  return plausibleInputs(signature, nodes, 1).length;
}

/** Returns the inputs or outputs as a session would declare them. */
function declared(model: Uint8Array, field: number): TensorInfo[] {
  return messages(model, MODEL.graph)
    .flatMap((graph) => messages(graph, field))
    .map(readValue)
    .map(({ name, type }) => ({
      name,
      dtype: type.kind === 'tensor' ? (type.dtype as DType) : undefined,
      shape: (type.kind === 'tensor' ? type.shape : undefined) ?? [],
    }));
}
