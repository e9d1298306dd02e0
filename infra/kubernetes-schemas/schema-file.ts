import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { kubernetesVersions, type KubernetesVersion } from './versions.ts';

/** The part of JSON Schema that describes the Kubernetes API. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly pattern?: string;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
}

/** The content of `custom.json.gz`, and the schemas of one version of Kubernetes. */
export interface SchemaFile {
  readonly $id: string;
  /** Name in `$defs` by kind, such as `apps/v1/Deployment`. */
  readonly kinds: Readonly<Record<string, string>>;
  readonly $defs: Readonly<Record<string, Schema>>;
}

/**
 * The content of `kubernetes.json.gz`: all versions in one file, because most definitions never change. Eight versions
 * take 25 kB; a file for each would take 136.
 */
export interface AllVersions {
  readonly kinds: Readonly<Record<KubernetesVersion, SchemaFile['kinds']>>;
  /** Each definition as the first version has it and as later ones changed it, oldest first; null if one removed it. */
  readonly $defs: Readonly<Record<string, readonly (readonly [since: KubernetesVersion, schema: Schema | null])[]>>;
}

/** The file with the schemas of Kubernetes. */
export const kubernetesSchemaFile = join(import.meta.dirname, 'kubernetes.json.gz');

/** Custom resources that the constructs write, and those of Argo CD and Flux, which apply manifests. */
export type CustomSchemas = 'custom' | 'gitops';

/** Returns the file with the schemas of custom resources. */
export const customSchemaFile = (of: CustomSchemas): string => join(import.meta.dirname, `${of}.json.gz`);

const read = (path: string): unknown => JSON.parse(gunzipSync(readFileSync(path)).toString());

/** Reads the schemas of custom resources. */
export const readCustomSchemas = (of: CustomSchemas): SchemaFile => read(customSchemaFile(of)) as SchemaFile;

/** Reads the schemas of a version of Kubernetes. */
export function readSchemas(version: KubernetesVersion): SchemaFile {
  const { kinds, $defs } = read(kubernetesSchemaFile) as AllVersions;
  const until = kubernetesVersions.indexOf(version);
  const definitions = Object.entries($defs).flatMap(([name, changes]) => {
    const [, schema] = changes.findLast(([since]) => kubernetesVersions.indexOf(since) <= until) ?? [];
    return schema ? [[name, schema] as const] : [];
  });
  return { $id: version, kinds: kinds[version], $defs: Object.fromEntries(definitions) };
}
