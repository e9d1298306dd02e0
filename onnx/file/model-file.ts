import { open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ExternalFile } from '../engine/engine.ts';
import { describeNonModel } from './file-kind.ts';
import { MODEL } from '../graph/field-numbers.ts';
import { fields, ProtobufError } from '../graph/protobuf.ts';
import { tensorsOnly, type TensorsOnly } from '../rewrite/tensors-only.ts';
import { readExternalWeights } from './external-weights.ts';

/** A file is no whole ONNX model; the message says what it is, and what to do. */
export class ModelFileError extends Error {
  override readonly name = 'ModelFileError';
}

/** A model as an engine can run it, and the files beside it that its weights are in. */
export interface ModelFile extends TensorsOnly {
  readonly externalData: readonly ExternalFile[];
}

/**
 * Reads a model, and its weights where they are in other files.
 *
 * @throws ModelFileError, ExternalDataError, NonTensorError, or that of the file system
 */
export async function readModelFile(path: string): Promise<ModelFile> {
  const bytes = await readModelBytes(path);
  try {
    const { model, labels } = tensorsOnly(bytes);
    const { model: whole, files } = await readExternalWeights(model, dirname(path));
    return { model: whole, labels, externalData: files };
  } catch (cause) {
    if (!(cause instanceof ProtobufError)) throw cause;
    throw new ModelFileError(`the file is damaged (${cause.message}): copy it again`, { cause });
  }
}

/** The bytes of a file that is a whole model, as far as its outermost parts tell. @throws ModelFileError, or that of the file system */
export async function readModelBytes(path: string): Promise<Uint8Array> {
  await checkSize(path);
  const bytes = await readFile(path);
  checkWhole(bytes);
  return bytes;
}

async function checkSize(path: string): Promise<void> {
  const handle = await open(path);
  try {
    const { size } = await handle.stat();
    if (size < 2 ** 31) return;
    const start = new Uint8Array(256);
    await handle.read(start, 0, start.length, 0);
    const kind = describeNonModel(start);
    throw new ModelFileError(
      kind === undefined
        ? `the file has ${size} bytes, and no runtime reads more than 2 GB: save the model with its weights beside it (onnx.save_model(…, save_as_external_data=True))`
        : `it is ${kind}`,
    );
  } finally {
    await handle.close();
  }
}

function checkWhole(bytes: Uint8Array): void {
  if (bytes.length === 0) throw new ModelFileError('the file is empty: copy it again');
  const seen = new Set<number>();
  try {
    for (const { number } of fields(bytes)) seen.add(number);
  } catch (cause) {
    if (!(cause instanceof ProtobufError)) throw cause;
    const kind = describeNonModel(bytes);
    if (kind !== undefined) throw new ModelFileError(`it is ${kind}`, { cause });
    // Writers begin with the version of the format; bytes at random seldom do.
    if (cause.cut === undefined || !seen.has(MODEL.irVersion))
      throw new ModelFileError(
        `it is no ONNX model (${cause.message}): bring the file that the exporter of your training library wrote`,
        { cause },
      );
    throw new ModelFileError(cutShort(bytes.length, cause.cut), { cause });
  }
  if (seen.has(MODEL.graph) && seen.has(MODEL.opsetImport)) return;
  if (!seen.has(MODEL.irVersion))
    throw new ModelFileError(
      `it is ${describeNonModel(bytes) ?? 'no ONNX model: bring the file that the exporter of your training library wrote'}`,
    );
  throw new ModelFileError(
    `the file ends at byte ${bytes.length}, before ${seen.has(MODEL.graph) ? 'the versions of its operators' : 'its graph'}: the copy was interrupted; copy it again`,
  );
}

function cutShort(length: number, { field, end }: { readonly field: number; readonly end?: number }): string {
  const part = Object.entries(MODEL).find(([, number]) => number === field)?.[0] ?? 'something';
  return `the file ends at byte ${length} in the middle of ${part === 'graph' ? 'the graph' : `its ${part}`}${end === undefined ? '' : `, which goes on to byte ${end}`}: the copy was interrupted; copy it again`;
}
