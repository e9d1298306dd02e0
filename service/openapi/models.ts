import type { Model } from '../../onnx/model.ts';
import { typeNames } from '../contract/type-names.ts';
import type { Json } from '../protocol/json-schemas.ts';

/** A model in the document. */
export interface DocumentedModel {
  readonly model: Model;
  /** Whether requests that name the model but no version use this version. */
  readonly isDefault: boolean;
  /** The prefix of its schemas: `Iris`, or `WineV2` for a version that is not the default. */
  readonly id: string;
}

export function documentedModels(
  models: readonly Model[],
  defaultVersion: (name: string) => Model | undefined,
): readonly DocumentedModel[] {
  const documented = models.map((model) => ({ model, isDefault: defaultVersion(model.signature.name) === model }));
  // Default versions come first, by name, so that they get the same names as in `rhizome types`.
  const order = documented.toSorted(
    (a, b) => Number(b.isDefault) - Number(a.isDefault) || compareTexts(a.model.signature.name, b.model.signature.name),
  );
  const ids = typeNames(
    order.map(({ model: { signature }, isDefault }) =>
      isDefault ? signature.name : `${signature.name} v${signature.version}`,
    ),
  );
  return documented.map((each) => ({ ...each, id: ids[order.indexOf(each)] ?? '' }));
}

/** Compares by UTF-16 code units, as `sort` does by default. */
function compareTexts(a: string, b: string): number {
  return Number(a > b) - Number(a < b);
}

/** Returns a path for each model, and one for each of its versions. */
export function eachModel(
  models: readonly DocumentedModel[],
  root: string,
  end: string,
  item: (model: DocumentedModel, suffix: '' | 'Version') => Json,
): Json {
  return Object.fromEntries(
    models.flatMap((each) => {
      const { name, version } = each.model.signature;
      const path = `${root}/${encodeURIComponent(name)}`;
      return [
        ...(each.isDefault ? [[`${path}${end}`, item(each, '')] as const] : []),
        [`${path}/versions/${encodeURIComponent(version)}${end}`, item(each, 'Version')] as const,
      ];
    }),
  );
}

/** Returns the parameters of paths that are the same for every model. */
export function parameters(models: readonly DocumentedModel[]): { name: Json; version: Json } {
  const parameter = (name: 'name' | 'version'): Json => ({
    name,
    in: 'path',
    required: true,
    schema: {
      type: 'string',
      ...(models.length > 0 && { enum: [...new Set(models.map(({ model }) => model.signature[name]))] }),
    },
  });
  return { name: parameter('name'), version: parameter('version') };
}
