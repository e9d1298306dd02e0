import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import { fullFormats } from 'ajv-formats/dist/formats.js';
import type { ObjectMeta } from 'kubernetes-types/meta/v1.js';
import { parseAllDocuments } from 'yaml';
import type { KubernetesVersion } from './versions.ts';
import { readCustomSchemas, readSchemas, type CustomSchemas, type SchemaFile } from './schema-file.ts';

/** Something that the API server would reject or silently drop. */
export interface SchemaProblem {
  /** The object, such as `Deployment/iris-server`. */
  readonly object: string;
  /** Where in the object, as a JSON pointer. */
  readonly pointer: string;
  /** What is wrong. */
  readonly message: string;
}

/**
 * Checks every document of a YAML stream strictly against the API of a Kubernetes version: an unknown field is a
 * problem, and so is a kind without a schema. Reads YAML 1.1, as Kubernetes does, in which `n` is a boolean.
 */
export function validateManifests(yaml: string, version: KubernetesVersion): readonly SchemaProblem[] {
  return parseAllDocuments(yaml, { version: '1.1' }).flatMap((document, index) => {
    const [broken] = document.errors;
    if (broken !== undefined) return [{ object: `document ${index + 1}`, pointer: '', message: broken.message }];
    return validateObject(document.toJS() as Partial<KubernetesObject> | null, `document ${index + 1}`, version);
  });
}

interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

function validateObject(
  object: Partial<KubernetesObject> | null,
  place: string,
  version: KubernetesVersion,
): readonly SchemaProblem[] {
  const id = `${object?.apiVersion ?? ''}/${object?.kind ?? ''}`;
  const custom = (['custom', 'gitops'] as const).map(load).find(({ file }) => id in file.kinds);
  const { file, ajv } = custom ?? load(version);
  const definition = file.kinds[id];
  if (definition === undefined) {
    return [{ object: place, pointer: '/kind', message: `Kubernetes ${version} has no ${id}` }];
  }
  const validate = ajv.getSchema(`${file.$id}#/$defs/${definition}`);
  if (validate === undefined)
    throw new Error(`The schemas lack ${definition}. Regenerate them: see infra/kubernetes-schemas/generate*.ts`);
  if (validate(object) === true) return [];
  const name = `${object?.kind ?? ''}/${object?.metadata?.name ?? place}`;
  return (validate.errors ?? []).map((error) => ({
    object: name,
    pointer: error.instancePath,
    message: describe(error),
  }));
}

function describe({ keyword, message, params }: ErrorObject): string {
  if (keyword === 'additionalProperties') return `unknown field ${String(params.additionalProperty)}`;
  if (keyword === 'enum') return `must be one of ${(params.allowedValues as string[]).join(', ')}`;
  return message ?? keyword;
}

interface LoadedSchemas {
  readonly file: SchemaFile;
  readonly ajv: Ajv2020;
}
const loaded = new Map<string, LoadedSchemas>();

function load(version: KubernetesVersion | CustomSchemas): LoadedSchemas {
  const known = loaded.get(version);
  if (known !== undefined) return known;
  const file = version === 'custom' || version === 'gitops' ? readCustomSchemas(version) : readSchemas(version);
  const ajv = new Ajv2020({
    allErrors: true,
    strict: true,
    allowUnionTypes: true,
    formats: fullFormats,
    keywords: ['kinds'],
  });
  ajv.addSchema(file);
  const fresh = { file, ajv };
  loaded.set(version, fresh);
  return fresh;
}
