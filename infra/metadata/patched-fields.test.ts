/** The types of cdk8s-plus-27 end at Kubernetes 1.27: patches must reach every field that is newer. */
import { ApiObject, App, JsonPatch } from 'cdk8s';
import { parseAllDocuments } from 'yaml';
import { PredictionChart } from '../charts/prediction-chart.ts';
import { minimalProps, type Manifest } from '../fixtures/manifests.ts';
import { readSchemas, type Schema } from '../kubernetes-schemas/schema-file.ts';
import { newestKubernetesVersion } from '../kubernetes-schemas/versions.ts';

const { kinds, $defs } = readSchemas(newestKubernetesVersion);

/** Returns a value that has every field of a schema, with one element in each list and each map. */
function complete({ $ref, type, enum: values, properties, items, additionalProperties }: Schema): unknown {
  if ($ref !== undefined) return complete($defs[$ref.replace('#/$defs/', '')] ?? {});
  if (values !== undefined) return values.at(-1);
  if (properties !== undefined)
    return Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, complete(schema)]));
  if (type === 'object')
    return { key: typeof additionalProperties === 'object' ? complete(additionalProperties) : 'text' };
  if (type === 'array') return [complete(items ?? {})];
  if (type === 'boolean') return true;
  return type === 'string' ? 'text' : 1;
}

const chart = (): PredictionChart => new PredictionChart(new App(), 'chart', { ...minimalProps, priority: 7 });
const objects = (of: PredictionChart): ApiObject[] => of.node.findAll().filter((one) => one instanceof ApiObject);
const idOf = ({ kind, name }: ApiObject): string => `${kind} ${name}`;

test.each(objects(chart()).map(idOf))('a patch of %s reaches every field of the newest schema', (id) => {
  const own = chart();
  const object = objects(own).find((candidate) => idOf(candidate) === id)!;
  const { properties = {} } = $defs[kinds[`${object.apiVersion}/${object.kind}`] ?? ''] ?? {};
  const { apiVersion, kind, metadata, ...fields } = complete({ properties }) as Record<string, unknown>;
  expect([typeof apiVersion, typeof kind, typeof metadata]).toEqual(['string', 'string', 'object']);
  const patched = { ...fields, metadata: { ...(metadata as object), name: object.name } };
  object.addJsonPatch(...Object.entries(patched).map(([field, value]) => JsonPatch.add(`/${field}`, value)));
  const written = parseAllDocuments(App.of(own).synthYaml())
    .map((document) => document.toJS() as Manifest)
    .find(({ kind: other, metadata: { name } }) => other === object.kind && name === object.name);
  expect(written).toEqual({ apiVersion: object.apiVersion, kind: object.kind, ...patched });
});
