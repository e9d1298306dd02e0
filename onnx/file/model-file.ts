import type { ExternalFile } from '../engine/engine.ts';
import { CanonicalError, checkCanonical } from '../graph/canonical.ts';
import { MODEL } from '../graph/field-numbers.ts';
import { fields, ProtobufError } from '../graph/protobuf.ts';
import { withEmbeddings } from '../rewrite/embedding.ts';
import { rankClasses, type RankedClasses } from '../rewrite/rank-classes.ts';
import { withPortableLocale } from '../rewrite/locale.ts';
import { tensorsOnly, type TensorsOnly } from '../rewrite/tensors-only.ts';
import type { ModelJson } from '../signature/model-json.ts';
import { readExternalWeights } from './external-weights.ts';
import { describeNonModel } from './file-kind.ts';
import { openRegular, readAll, type OpenFile } from '../regular-file.ts';

/** A file is not a complete ONNX model. The message says what it is instead, and what to do. */
export class ModelFileError extends Error {
  override readonly name = 'ModelFileError';
}

/** A model that an engine can run, and the files next to it that hold its weights. */
export interface ModelFile extends TensorsOnly {
  readonly externalData: readonly ExternalFile[];
  /** What `model.json` makes of an output with a number for each class. */
  readonly ranked?: RankedClasses | undefined;
}

export interface ReadOptions {
  /**
   * The most bytes that the file and its weights may have.
   * @default unlimited
   */
  readonly mostBytes?: number | undefined;
  /** What `model.json` says about the outputs, and about the texts that become embeddings. @default nothing */
  readonly json?: Pick<ModelJson, 'features' | 'outputs'>;
}

/**
 * Reads a model, including weights in other files, and makes all of its inputs and outputs tensors.
 *
 * @throws {ModelFileError} if the file is not a complete model
 * @throws {ExternalDataError} if its weights cannot be read
 * @throws {NonTensorError} if an input or output cannot become a tensor
 * @throws {SignatureError} if `model.json` makes embeddings of outputs that are not vectors
 * @throws the error of the file system, if the file cannot be read
 */
export async function readModelFile(
  path: string,
  { mostBytes = Infinity, json = {} }: ReadOptions = {},
): Promise<ModelFile> {
  const bytes = await readModelBytes(path, { mostBytes });
  try {
    const tensors = withEmbeddings(tensorsOnly(withPortableLocale(bytes)), json);
    const { model, labels, conversions, ranked } = rankDeclared(tensors, json.outputs);
    const { model: whole, files } = await readExternalWeights(model, path, mostBytes - bytes.length);
    return { model: whole, labels, conversions, externalData: files, ranked };
  } catch (cause) {
    if (!(cause instanceof ProtobufError)) throw cause;
    throw new ModelFileError(damaged(cause), { cause });
  }
}

/** Ranks the classes of the output that `model.json` says has them. The signature reports one that does not fit. */
function rankDeclared(file: TensorsOnly, outputs: ModelJson['outputs'] = {}): Omit<ModelFile, 'externalData'> {
  for (const [name, { classes }] of Object.entries(outputs)) {
    const made = classes && rankClasses(file.model, name, classes.softmax ?? false);
    if (made === undefined) continue;
    const conversions = { ...file.conversions, after: file.conversions.after + made.ranked.nodes };
    return { ...file, ...made, conversions };
  }
  return file;
}

/**
 * Reads a file, and checks that it is a complete model in the form that exporters write.
 *
 * @throws {ModelFileError} if it is not
 * @throws the error of the file system, if the file cannot be read
 */
export async function readModelBytes(path: string, { mostBytes = Infinity }: ReadOptions = {}): Promise<Uint8Array> {
  const file = await openRegular(path);
  try {
    await checkSize(file, mostBytes);
    const bytes = await readAll(file);
    checkWhole(bytes);
    checkForm(bytes);
    return bytes;
  } finally {
    await file.handle.close();
  }
}

async function checkSize({ handle, size }: OpenFile, mostBytes: number): Promise<void> {
  if (size < 2 ** 31 && size <= mostBytes) return;
  const start = new Uint8Array(256);
  await handle.read(start, 0, start.length, 0);
  const kind = describeNonModel(start);
  if (kind !== undefined) throw new ModelFileError(`it is ${kind}`);
  throw new ModelFileError(
    size < 2 ** 31
      ? `the file has ${size} bytes, but at most ${mostBytes} fit into memory: raise the memory limit`
      : `the file has ${size} bytes, but no runtime reads more than 2 GB. ` +
          'Save the model with its weights in a file next to it: onnx.save_model(…, save_as_external_data=True)',
  );
}

function checkForm(bytes: Uint8Array): void {
  try {
    checkCanonical(bytes);
  } catch (cause) {
    if (cause instanceof CanonicalError) throw new ModelFileError(cause.message, { cause });
    if (!(cause instanceof ProtobufError)) throw cause;
    throw new ModelFileError(damaged(cause), { cause });
  }
}

const damaged = ({ message }: ProtobufError): string => `the file is damaged (${message}). Copy the model again.`;

function checkWhole(bytes: Uint8Array): void {
  if (bytes.length === 0) throw new ModelFileError('the file is empty. Copy the model again.');
  const seen = new Set<number>();
  try {
    for (const { number } of fields(bytes)) seen.add(number);
  } catch (cause) {
    if (!(cause instanceof ProtobufError)) throw cause;
    const kind = describeNonModel(bytes);
    if (kind !== undefined) throw new ModelFileError(`it is ${kind}`, { cause });
    // Exporters write the version of the format first; random bytes rarely start like this.
    if (cause.cut === undefined || !seen.has(MODEL.irVersion))
      throw new ModelFileError(`it is not an ONNX model (${cause.message}): ${useExport}`, { cause });
    throw new ModelFileError(cutShort(bytes.length, cause.cut), { cause });
  }
  if (seen.has(MODEL.graph) && seen.has(MODEL.opsetImport)) return;
  if (!seen.has(MODEL.irVersion))
    throw new ModelFileError(`it is ${describeNonModel(bytes) ?? `not an ONNX model: ${useExport}`}`);
  const missing = seen.has(MODEL.graph) ? 'the versions of its operators' : 'its graph';
  throw new ModelFileError(`the file ends at byte ${bytes.length}, before ${missing}. ${copyAgain}`);
}

const useExport = 'use the file that the exporter of your training library wrote';
const copyAgain = 'The copy was interrupted: copy the file again.';

function cutShort(length: number, { field, end }: { readonly field: number; readonly end?: number }): string {
  const part = Object.entries(MODEL).find(([, number]) => number === field)?.[0] ?? 'an unknown field';
  const place = part === 'graph' ? 'the graph' : `its ${part}`;
  const continues = end === undefined ? '' : `, which continues to byte ${end}`;
  return `the file ends at byte ${length} in the middle of ${place}${continues}. ${copyAgain}`;
}
