import { join } from 'node:path';
import type { Example } from '../../onnx/signature/model-json.ts';
import { compareVersions, modelFolders } from '../../onnx/file/model-folders.ts';
import { paths } from '../../service/contract/index.ts';
import { Failure, UsageError } from '../failure.ts';

/** A model of the project, or one version of it. */
export interface ProjectModel {
  /** Path in models/: `iris` or `wine/11`. */
  readonly folder: string;
  /** The model's name in the API. */
  readonly name: string;
  readonly version: string;
  /** Whether it serves requests that name no version. */
  readonly isLatest: boolean;
  readonly examples: readonly Example[];
}

/** Returns all models in models/, as the service finds them. @throws {Failure} if a model.json cannot be read */
export async function projectModels(root: string): Promise<readonly ProjectModel[]> {
  const dir = join(root, 'models');
  const folders = await modelFolders(dir).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
  if (folders.length === 0) return [];
  // Imported here, since compiling the schema takes longer than the rest of the command line.
  const { readModelJson, ModelJsonError } = await import('../../onnx/signature/model-json.ts');
  const models = await Promise.all(
    folders.map(async ({ folder, name, version }) => {
      const json = await readModelJson(join(dir, folder, 'model.json')).catch((cause: unknown) => {
        if (cause instanceof ModelJsonError)
          throw new Failure(cause.message, { cause, hint: `Correct models/${folder}/model.json.` });
        throw cause;
      });
      return {
        folder,
        name: json.name ?? name,
        version: version ?? json.version ?? '1',
        examples: json.examples ?? [],
      };
    }),
  );
  return models.map((model) => ({
    ...model,
    isLatest: models.every(({ name, version }) => name !== model.name || compareVersions(version, model.version) <= 0),
  }));
}

/** @throws {Failure} if there is no model, since replicas would wait for one until their timeout */
export async function checkModels(root: string): Promise<void> {
  if ((await projectModels(root)).length === 0)
    throw new Failure('There is no model to serve: models/ is empty.', { hint: 'Add one: rhizome add FILE.onnx' });
}

/**
 * Returns a model: the highest version of `wine`, or `wine/11`.
 * @param asked by default the only model in models/
 */
export async function projectModel(root: string, asked?: string): Promise<ProjectModel> {
  const models = await projectModels(root);
  const latest = models.filter(({ isLatest }) => isLatest);
  const found =
    asked === undefined
      ? latest.length === 1
        ? latest[0]
        : undefined
      : (models.find(({ folder, name, version }) => asked === folder || asked === `${name}/${version}`) ??
        latest.find(({ folder, name }) => asked === name || asked === folder.split('/', 1)[0]));
  if (found !== undefined) return found;
  const list =
    models.length === 0 ? 'models/ is empty' : `models/ has ${models.map(({ folder }) => folder).join(', ')}`;
  throw new UsageError(asked === undefined ? `Which model? ${list}.` : `There is no model "${asked}": ${list}.`);
}

/** Returns the path for predictions of a model, `wine` or `wine/11`; without one, of the default model. */
export function predictionsPath(model?: Pick<ProjectModel, 'name' | 'version' | 'isLatest'> | string): string {
  return model === undefined ? paths.predictions : `${modelPath(model)}${paths.predictions}`;
}

/** Returns the path of a model's description. */
export function modelPath(model: Pick<ProjectModel, 'name' | 'version' | 'isLatest'> | string): string {
  const [name = '', version] =
    typeof model === 'string' ? model.split('/', 2) : [model.name, model.isLatest ? undefined : model.version];
  return [
    paths.models,
    encodeURIComponent(name),
    ...(version === undefined ? [] : ['versions', encodeURIComponent(version)]),
  ].join('/');
}
