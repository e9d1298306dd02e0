import { existsSync, readdirSync } from 'node:fs';
import { closestName } from '../../../onnx/signature/closest-name.ts';
import { image } from '../../../service/contract/index.ts';
import type { InvalidProp } from '../invalid-props-error.ts';
import type { PredictionServiceProps } from '../prediction-service-props.ts';

/**
 * Checks that the default model is among the models of the project, which are in its image. Models of another folder,
 * or of a volume, are not known here.
 *
 * @param folder the project's `models/`, which may not exist
 */
export function* findMissingDefaultModel(
  { settings, models, volumes = {} }: PredictionServiceProps,
  folder: string,
): Generator<InvalidProp> {
  const { DEFAULT_MODEL: model, MODELS_DIR: modelsDir } = settings ?? {};
  const isMounted = Object.values(volumes).some(({ mountPath }) => mountPath.startsWith(image.modelsDir));
  if (model === undefined || models !== undefined || modelsDir !== undefined || isMounted || !existsSync(folder))
    return;
  const names = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => !entry.isFile() && !entry.name.startsWith('.'))
    .map(({ name }) => name)
    .sort();
  if (names.includes(model)) return;
  const near = closestName(model, names);
  const fix = near === undefined ? `models/ has ${names.join(', ') || 'none'}.` : `Did you mean ${near}?`;
  yield { prop: 'settings.DEFAULT_MODEL', value: model, reason: 'is not a model of this project', fix };
}
