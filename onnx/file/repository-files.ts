import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { basename, join, normalize, resolve, sep } from 'node:path';
import { ExternalDataError, externalTensors } from '../graph/external-data.ts';
import { CanonicalError, checkCanonical } from '../graph/canonical.ts';
import { ProtobufError } from '../graph/protobuf.ts';
import { VERSION } from './model-folders.ts';

/** A file that the service needs of a model. */
export interface RepositoryFile {
  /** Path in a models folder, with `/` as the separator: `iris/model.onnx`. */
  readonly path: string;
  /** Where it is. */
  readonly file: string;
}

/**
 * Lists what the service needs of a models folder, or of the folder of one model: model.onnx, model.json, the files
 * that hold weights, and tokenizers. Other files, such as the program that trained the model, are left out.
 *
 * @returns the files, sorted by path; none if there is no model
 */
export function repositoryFiles(folder: string): readonly RepositoryFile[] {
  const root = resolve(folder);
  const found = isModel(root)
    ? modelsIn(root, basename(root))
    : foldersIn(root).flatMap((name) => modelsIn(join(root, name), name));
  return found.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

const isModel = (folder: string): boolean => existsSync(join(folder, 'model.onnx')) || versionsIn(folder).length > 0;

/** Skips what is hidden, as the service does. */
const foldersIn = (folder: string): string[] => {
  const entries = existsSync(folder) ? readdirSync(folder, { withFileTypes: true }) : [];
  return entries.filter((entry) => !entry.isFile() && !entry.name.startsWith('.')).map(({ name }) => name);
};

const versionsIn = (folder: string): string[] =>
  foldersIn(folder).filter((name) => VERSION.test(name) && existsSync(join(folder, name, 'model.onnx')));

const modelsIn = (folder: string, name: string): RepositoryFile[] => [
  ...filesOf(folder, name),
  ...versionsIn(folder).flatMap((number) => filesOf(join(folder, number), `${name}/${number}`)),
];

/** Returns the names of the files that may be tokenizers of a model, as `model.json` may name them. */
export const tokenizersIn = (folder: string): string[] =>
  readdirSync(folder).filter((name) => /^tokenizer[\w.-]*\.json$/.test(name) && name !== 'tokenizer_config.json');

function filesOf(folder: string, path: string): RepositoryFile[] {
  const model = join(folder, 'model.onnx');
  if (!existsSync(model)) return [];
  return ['model.onnx', 'model.json', ...tokenizersIn(folder), ...weightsOf(model, folder)]
    .map((name) => ({ path: `${path}/${name}`, file: join(folder, name) }))
    .filter(({ file }) => existsSync(file));
}

/** Returns none of a file that is not a model, nor those outside of its folder: loading the model says why. */
function weightsOf(model: string, folder: string): string[] {
  const bytes = readFileSync(model);
  const locations: string[] = [];
  try {
    checkCanonical(bytes);
    for (const { location } of externalTensors(bytes)) locations.push(normalize(location).split(sep).join('/'));
  } catch (error) {
    if ([CanonicalError, ExternalDataError, ProtobufError].some((kind) => error instanceof kind)) return [];
    throw error;
  }
  const inside = realpathSync(folder) + sep;
  return [...new Set(locations)].filter((location) => {
    const file = join(folder, location);
    return existsSync(file) && realpathSync(file).startsWith(inside);
  });
}
