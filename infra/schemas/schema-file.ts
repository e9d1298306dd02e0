import { join } from 'node:path';

/** Oldest, that of the local cluster, newest. */
export const supportedVersions = ['1.30', '1.36', '1.37'] as const;
export type KubernetesVersion = (typeof supportedVersions)[number];

/** The part of JSON Schema that Kubernetes' API is described with. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly pattern?: string;
  readonly enum?: readonly string[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
}

/** What is in `v<version>.json.gz`. */
export interface SchemaFile {
  readonly $id: string;
  /** `apps/v1/Deployment` -> name in $defs */
  readonly kinds: Readonly<Record<string, string>>;
  readonly $defs: Readonly<Record<string, Schema>>;
}

export function schemaFile(version: KubernetesVersion): string {
  return join(import.meta.dirname, `v${version}.json.gz`);
}
