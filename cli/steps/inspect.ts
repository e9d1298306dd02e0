import { stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { GraphDescription } from '../../onnx/description.ts';
import type { Engine } from '../../onnx/engine/engine.ts';
import { placeOf } from '../../onnx/file/model-folders.ts';
import type { GuessedTexts } from '../../onnx/signature/guess-texts.ts';
import type { Signature } from '../../onnx/signature/signature.ts';
import { Failure, reasonOf } from '../failure.ts';
import { findTokenizer } from './find-tokenizer.ts';
import { loadApart } from './load-engine.ts';

export interface Inspection {
  readonly file: string;
  /** The size of the file itself, without external weights. */
  readonly bytes: number;
  /** Undefined if the file is not a model. */
  readonly description?: GraphDescription;
  /** What `add` guesses because of the tokenizer next to the model; undefined if there is none. */
  readonly texts?: GuessedTexts;
  /** How the model will be served. Undefined if it cannot be loaded. */
  readonly signature?: Signature;
  /** Why the model cannot be served. Undefined if it can. */
  readonly reason?: string;
  /** Why nothing shows that the model predicts correctly. Undefined if it reproduces examples. */
  readonly notVerified?: string;
  /** Whether the model can be served, but did not run on any generated input. */
  readonly neverRan?: boolean;
}

/**
 * Describes a model, and tests whether it can be served: whether it loads, and reproduces the examples of the
 * model.json next to it. Without one, it also tries generated inputs.
 *
 * @param path a file, or its folder
 * @throws {Failure} if there is no such file
 */
export async function inspect(path: string): Promise<Inspection> {
  const file = (await sizeOf(path)) === undefined ? join(path, 'model.onnx') : path;
  const bytes = await sizeOf(file);
  if (bytes === undefined)
    throw new Failure(`The folder ${path} has no model.onnx.`, {
      hint: 'Name the file that your training library exported.',
    });
  // Imported here, since the runtime is large, and other commands don't need it.
  const [{ readModelBytes }, { describeGraph }, engine] = await Promise.all([
    import('../../onnx/file/model-file.ts'),
    import('../../onnx/description.ts'),
    loadApart(),
  ]);
  try {
    const model = await readModelBytes(file);
    const description = describeGraph(model);
    const found = await findTokenizer(file, model);
    return { file, bytes, description, ...(found && { texts: found.texts }), ...(await tryToServe(file, engine)) };
  } catch (cause) {
    return { file, bytes, reason: reasonOf(cause) };
  }
}

async function tryToServe(file: string, engine: Engine): Promise<Omit<Inspection, 'file' | 'bytes' | 'description'>> {
  const { Model } = await import('../../onnx/model.ts');
  const folder = resolve(dirname(file));
  const own = basename(file) === 'model.onnx';
  const model = await (
    own
      ? Model.load(folder, engine, { threads: 1 }, placeOf(folder))
      : Model.open(file, engine, { threads: 1 }, { name: basename(file).replace(/\.onnx$/i, '') })
  ).catch((cause: unknown) => reasonOf(cause));
  if (typeof model === 'string') return { reason: model };
  const { signature, notVerified, neverRan } = model;
  try {
    await model.verify();
    return { signature, ...(notVerified !== undefined && { notVerified, neverRan }) };
  } catch (cause) {
    return { signature, reason: reasonOf(cause) };
  } finally {
    await model.release();
  }
}

/** Returns undefined for a folder. */
async function sizeOf(path: string): Promise<number | undefined> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new Failure(`Cannot read ${path}: ${reasonOf(cause)}`, {
      cause,
      hint: 'Name the file that your training library exported.',
    });
  });
  return found.isDirectory() ? undefined : found.size;
}
