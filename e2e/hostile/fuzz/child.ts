/** Reads a mutated model, with all that a file goes through before the runtime gets it, and then runs it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plausibleInputs } from '../../../onnx/batch/plausible-inputs.ts';
import { describeGraph } from '../../../onnx/description.ts';
import { EngineError, type DType, type TensorInfo } from '../../../onnx/engine/engine.ts';
import { readModelFile } from '../../../onnx/file/model-file.ts';
import { argMaxLabels, classLabels } from '../../../onnx/graph/class-labels.ts';
import { GRAPH, MODEL } from '../../../onnx/graph/field-numbers.ts';
import { graphFacts } from '../../../onnx/graph/graph-facts.ts';
import { graphNodes } from '../../../onnx/graph/node.ts';
import { messages } from '../../../onnx/graph/protobuf.ts';
import { readValue } from '../../../onnx/graph/value-type.ts';
import { withDocStrings } from '../../../onnx/signature/doc-strings.ts';
import { resolveSignature } from '../../../onnx/signature/signature.ts';

/** What becomes of a case: it is read, or refused with an error of this project; then it runs, or the runtime fails. */
export interface Outcome {
  /** The name of the error. */
  readonly refused?: string;
  /** Anything else that was thrown. */
  readonly finding?: string;
  /** It was read. Another outcome follows, unless the runtime ends the process. */
  readonly read?: true;
  /** How loading it with the runtime and running it once ended. */
  readonly ran?: string;
}

const refusals = ['ModelFileError', 'ProtobufError', 'NonTensorError', 'ExternalDataError', 'SignatureError'];
const folder = mkdtempSync(join(tmpdir(), 'rhizome-fuzz-'));
const file = join(folder, 'model.onnx');
process.on('exit', () => {
  rmSync(folder, { recursive: true, force: true });
});
process.on('disconnect', () => process.exit());
const send = (outcome: Outcome): void => void process.send?.(outcome);

process.once('message', (model: Uint8Array) => {
  void (async () => {
    try {
      await read(model);
    } catch (error) {
      const { name, message, stack } = error as Error;
      send(refusals.includes(name) ? { refused: name } : { finding: stack ?? message });
      return;
    }
    send({ read: true });
    send({ ran: await run() });
  })();
});

/** Loads the model with the runtime and runs it on a generated row. Returns how that ended. */
async function run(): Promise<string> {
  // Most cases do not need them.
  const [{ Model }, { onnxruntime }] = await Promise.all([
    import('../../../onnx/model.ts'),
    import('../../../onnx/engine/onnxruntime.ts'),
  ]);
  try {
    await (await Model.open(file, onnxruntime, { threads: 1 }, { name: 'm' })).verify();
    return 'it runs';
  } catch (error) {
    for (let cause = error; cause instanceof Error; cause = cause.cause)
      if (cause instanceof EngineError) return cause.code;
    return error instanceof Error ? `${error.name}: ${error.message.slice(0, 80)}` : String(error);
  }
}

async function read(bytes: Uint8Array): Promise<void> {
  writeFileSync(file, bytes);
  const read = await readModelFile(file);
  const { model } = read;
  graphFacts(model);
  describeGraph(bytes);
  const nodes = graphNodes(model);
  const session = { inputs: declared(model, GRAPH.input), outputs: declared(model, GRAPH.output) };
  const signature = withDocStrings(
    resolveSignature({ name: 'm' }, session, read, {}, () => classLabels(nodes) ?? argMaxLabels(model)),
    model,
  );
  plausibleInputs(signature, nodes, 1);
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
