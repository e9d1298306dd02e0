import { join } from 'node:path';

/** The oldest supported version, the one of the local cluster, and the newest. */
export const supportedVersions = ['1.30', '1.36', '1.37'] as const;
export type KubernetesVersion = (typeof supportedVersions)[number];

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

/** The content of `v<version>.json.gz` and of `custom.json.gz`. */
export interface SchemaFile {
  readonly $id: string;
  /** Name in `$defs` by kind, such as `apps/v1/Deployment`. */
  readonly kinds: Readonly<Record<string, string>>;
  readonly $defs: Readonly<Record<string, Schema>>;
}

/** Returns the path of the file with the schemas of a version. */
export function schemaFile(version: KubernetesVersion): string {
  return join(import.meta.dirname, `v${version}.json.gz`);
}

/**
 * The file with the schemas of custom resources: of the Gateway API, KEDA, the Vertical Pod Autoscaler and the
 * Prometheus operator.
 */
export const customSchemaFile = join(import.meta.dirname, 'custom.json.gz');
