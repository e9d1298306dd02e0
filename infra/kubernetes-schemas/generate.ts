/**
 * Generates the small, strict schemas of Kubernetes in this folder from those of the Python package kubernetes-validate
 * (Apache-2.0):
 *
 *   pip download --no-deps kubernetes-validate==1.37.0 && unzip -d unpacked kubernetes_validate-*.whl
 *   node infra/kubernetes-schemas/generate.ts unpacked/kubernetes_validate/kubernetes-json-schema
 *
 * Adds what the published schemas lack: required apiVersion and kind, the enumerations that matter, and patterns for
 * quantities. Drops descriptions, nulls and `status`, which manifests do not need.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { enumerations } from './enumerations.ts';
import { kubernetesVersions, type KubernetesVersion } from './versions.ts';
import { kubernetesSchemaFile, type AllVersions, type Schema, type SchemaFile } from './schema-file.ts';

interface UpstreamSchema extends Schema {
  readonly 'x-kubernetes-group-version-kind'?: readonly {
    readonly group: string;
    readonly version: string;
    readonly kind: string;
  }[];
}

const kept = ['$ref', 'type', 'format', 'required', 'properties', 'items', 'additionalProperties', 'enum'] as const;

const replaced: Readonly<Record<string, Schema>> = {
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': { type: ['integer', 'string'] },
  'io.k8s.apimachinery.pkg.api.resource.Quantity': {
    type: ['number', 'string'],
    pattern: String.raw`^[+-]?(\d+|\d+\.\d*|\.\d+)(([KMGTPE]i)|[numkMGTPE]|([eE][+-]?\d+))?$`,
  },
};

function shrink(schema: UpstreamSchema): Schema {
  const entries = kept.flatMap((key) => (schema[key] === undefined ? [] : [[key, shrinkValue(key, schema[key])]]));
  return Object.fromEntries(entries) as Schema;
}

function shrinkValue(key: (typeof kept)[number], value: unknown): unknown {
  switch (key) {
    case 'type':
      return Array.isArray(value) ? value.find((type) => type !== 'null') : value;
    case 'properties': {
      const properties = Object.entries(value as Record<string, UpstreamSchema>).filter(([name]) => name !== 'status');
      return Object.fromEntries(properties.map(([name, property]) => [name, shrink(property)]));
    }
    case 'items':
    case 'additionalProperties':
      return typeof value === 'object' ? shrink(value as UpstreamSchema) : value;
    default:
      return value;
  }
}

function withEnumerations(name: string, schema: Schema): Schema {
  const properties = { ...schema.properties };
  for (const [property, values] of Object.entries(enumerations[name.split('.').at(-1) ?? ''] ?? {})) {
    const declared = properties[property];
    if (declared === undefined) continue; // added in a later version
    properties[property] =
      declared.type === 'array' ? { ...declared, items: { enum: values } } : { ...declared, enum: values };
  }
  return schema.properties === undefined ? schema : { ...schema, properties };
}

/** Returns the kinds that can be applied, each as `apiVersion/kind`, and every definition that they refer to. */
function generate(upstream: Readonly<Record<string, UpstreamSchema>>): Omit<SchemaFile, '$id'> {
  const kinds: Record<string, string> = {};
  const $defs: Record<string, Schema> = {};
  const reach = (name: string): void => {
    if (name in $defs) return;
    const schema = replaced[name] ?? withEnumerations(name, shrink(upstream[name] ?? {}));
    $defs[name] = schema;
    for (const [, target = ''] of JSON.stringify(schema).matchAll(/"#\/\$defs\/([^"]+)"/g)) reach(target);
  };
  for (const [name, schema] of Object.entries(upstream)) {
    const [id, ...more] = schema['x-kubernetes-group-version-kind'] ?? [];
    if (id === undefined || more.length > 0 || id.kind.endsWith('List') || schema.properties?.metadata === undefined)
      continue;
    kinds[`${id.group === '' ? '' : `${id.group}/`}${id.version}/${id.kind}`] = name;
    reach(name);
    $defs[name] = {
      ...$defs[name],
      required: [...new Set(['apiVersion', 'kind', 'metadata', ...(schema.required ?? [])])],
    };
  }
  return { kinds, $defs };
}

const [folder] = process.argv.slice(2);
if (folder === undefined)
  throw new Error(
    'Pass the folder with the schemas of kubernetes-validate. The top of this file says how to get them.',
  );
const kinds: Partial<Record<KubernetesVersion, SchemaFile['kinds']>> = {};
const changes = new Map<string, [KubernetesVersion, Schema | null][]>();
for (const version of kubernetesVersions) {
  const source = join(folder, `v${version}.0-local-strict`, '_definitions.json');
  const upstream = JSON.parse(readFileSync(source, 'utf8')) as { $defs: Record<string, UpstreamSchema> };
  const { kinds: own, $defs } = generate(upstream.$defs);
  kinds[version] = own;
  for (const name of new Set([...changes.keys(), ...Object.keys($defs)])) {
    const known = changes.get(name) ?? [];
    const [, before = null] = known.at(-1) ?? [];
    const after = $defs[name] ?? null;
    if (JSON.stringify(before) !== JSON.stringify(after)) changes.set(name, [...known, [version, after]]);
  }
}
const all = { kinds, $defs: Object.fromEntries(changes) } as AllVersions;
writeFileSync(kubernetesSchemaFile, gzipSync(JSON.stringify(all), { level: 9 }));
