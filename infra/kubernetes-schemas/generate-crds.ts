/**
 * Generates the small, strict schemas of custom resources in this folder from the CRDs in the Go modules of their
 * projects (all Apache-2.0):
 *
 *   go mod download sigs.k8s.io/gateway-api@v1.7.0 github.com/kedacore/keda/v2@v2.21.0 \
 *     k8s.io/autoscaler/vertical-pod-autoscaler@v1.8.1 \
 *     github.com/prometheus-operator/prometheus-operator@v0.85.0 \
 *     github.com/external-secrets/external-secrets@v1.3.2
 *   go mod download github.com/argoproj/argo-cd/v3@v3.4.0 github.com/fluxcd/kustomize-controller@v1.9.6 \
 *     github.com/fluxcd/source-controller@v1.8.0
 *   node infra/kubernetes-schemas/generate-crds.ts "$(go env GOMODCACHE)"
 *
 * Keeps what a schema can check. Rules in CEL, which only the API server evaluates, are left out, and so are
 * descriptions and `status`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { parse } from 'yaml';
import { customSchemaFile, type Schema, type SchemaFile } from './schema-file.ts';

const monitoring =
  'github.com/prometheus-operator/prometheus-operator@v0.85.0/example/prometheus-operator-crd/monitoring.coreos.com_';
const gatewayApi = 'sigs.k8s.io/gateway-api@v1.7.0/config/crd/standard/gateway.networking.k8s.io_';

/** The files with the CRDs, below the folder of the Go modules. */
const sources = [
  `${gatewayApi}httproutes.yaml`,
  `${gatewayApi}grpcroutes.yaml`,
  'github.com/kedacore/keda/v2@v2.21.0/config/crd/bases/keda.sh_scaledobjects.yaml',
  'k8s.io/autoscaler/vertical-pod-autoscaler@v1.8.1/deploy/vpa-v1-crd-gen.yaml',
  `${monitoring}podmonitors.yaml`,
  `${monitoring}prometheusrules.yaml`,
  'github.com/external-secrets/external-secrets@v1.3.2/config/crds/bases/external-secrets.io_externalsecrets.yaml',
] as const;

/** The files of the tools that apply the manifests, whose objects are in docs/gitops.md. */
const gitopsSources = [
  'github.com/argoproj/argo-cd/v3@v3.4.0/manifests/crds/application-crd.yaml',
  'github.com/fluxcd/kustomize-controller@v1.9.6/config/crd/bases/kustomize.toolkit.fluxcd.io_kustomizations.yaml',
  'github.com/fluxcd/source-controller@v1.8.0/config/crd/bases/source.toolkit.fluxcd.io_gitrepositories.yaml',
] as const;

/** The custom resources that the constructs or the documentation contain. A file may contain more. */
const wanted: ReadonlySet<string> = new Set([
  ...['Application', 'Kustomization', 'GitRepository'],
  ...['HTTPRoute', 'GRPCRoute', 'ScaledObject', 'VerticalPodAutoscaler'],
  ...['PodMonitor', 'PrometheusRule', 'ExternalSecret'],
]);

interface CustomSchema extends Omit<Schema, 'properties' | 'items' | 'additionalProperties'> {
  readonly properties?: Readonly<Record<string, CustomSchema>>;
  readonly items?: CustomSchema;
  readonly additionalProperties?: CustomSchema | boolean;
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
}

interface Crd {
  readonly kind: string;
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string };
    readonly versions: readonly {
      readonly name: string;
      readonly schema: { readonly openAPIV3Schema: CustomSchema };
    }[];
  };
}

const kept = [
  ...['type', 'format', 'pattern', 'required', 'enum', 'minimum', 'maximum'],
  ...['minLength', 'maxLength', 'minItems', 'maxItems'],
] as const;

/** Returns whether a value is a pattern with flags, `(?i)…`, which JavaScript cannot compile. */
const isGoPattern = (value: unknown): boolean => typeof value === 'string' && value.includes('(?i)');

function shrink(schema: CustomSchema): Schema {
  if (schema['x-kubernetes-int-or-string'] === true) return { type: ['integer', 'string'] };
  const { properties, items, additionalProperties } = schema;
  const plain = kept.flatMap((key) =>
    key in schema && !isGoPattern(schema[key as keyof CustomSchema])
      ? [[key, schema[key as keyof CustomSchema]] as const]
      : [],
  );
  return {
    ...Object.fromEntries(plain),
    ...(properties && {
      properties: Object.fromEntries(Object.entries(properties).map(([key, of]) => [key, shrink(of)])),
    }),
    ...(items && { items: shrink(items) }),
    ...(typeof additionalProperties === 'object'
      ? { additionalProperties: shrink(additionalProperties) }
      : properties && schema['x-kubernetes-preserve-unknown-fields'] !== true && { additionalProperties: false }),
  };
}

function generate(root: string, $id: string, sources: readonly string[]): SchemaFile {
  const kinds: Record<string, string> = {};
  const $defs: Record<string, Schema> = {};
  for (const source of sources) {
    for (const text of readFileSync(join(root, source), 'utf8').split(/^---$/m)) {
      const crd = parse(text) as Crd | null;
      if (crd === null || !wanted.has(crd.spec.names.kind)) continue;
      const { group, names, versions } = crd.spec;
      for (const { name, schema } of versions) {
        const id = `${group}/${name}/${names.kind}`;
        const { status: _, ...properties } = schema.openAPIV3Schema.properties ?? {};
        kinds[id] = id.replaceAll('/', '.');
        $defs[id.replaceAll('/', '.')] = {
          ...shrink({ ...schema.openAPIV3Schema, properties }),
          required: ['apiVersion', 'kind', 'metadata', 'spec'],
        };
      }
    }
  }
  return { $id, kinds, $defs };
}

const [root] = process.argv.slice(2);
if (root === undefined)
  throw new Error('Pass the folder with the Go modules. The top of this file says how to get them.');
for (const [id, from] of [
  ['custom', sources],
  ['gitops', gitopsSources],
] as const)
  writeFileSync(customSchemaFile(id), gzipSync(JSON.stringify(generate(root, id, from)), { level: 9 }));
