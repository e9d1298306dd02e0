import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import { componentLabel, type Variant } from '../../infra/metadata/labels.ts';
import { Failure } from '../failure.ts';
import type { KubernetesObject, Service } from '../kubernetes.ts';

/** Whether it is a Service without an address of its own, whose name resolves to all its pods. */
export const isHeadless = ({ kind, spec }: KubernetesObject): boolean =>
  kind === 'Service' && (spec as Service['spec'] | undefined)?.clusterIP === 'None';

/** Returns what an object belongs to besides the service itself; undefined if it is one of the service. */
export function variantOf({ metadata }: Partial<KubernetesObject>): Variant['kind'] | undefined {
  const component = metadata?.labels?.[componentLabel];
  return component === 'canary' || component === 'shadow' ? component : undefined;
}

/** Returns the objects of a kind that belong to the service itself, without headless Services. */
export const serviceObjects = (objects: readonly KubernetesObject[], kind: string): readonly KubernetesObject[] =>
  objects.filter((object) => object.kind === kind && !isHeadless(object) && variantOf(object) === undefined);

/**
 * Reads a file of manifests.
 * @param name the file's name for error messages
 * @throws {Failure} if it is missing or isn't valid YAML
 */
export function readObjects(path: string, name = path): readonly KubernetesObject[] {
  let source: string;
  try {
    source = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new Failure(`There are no manifests: cannot read ${name}.`, {
      cause,
      hint: 'Run `rhizome synth`. infra/main.ts must create a chart named `local`.',
    });
  }
  return parseObjects(source, name);
}

/** Parses by the rules of YAML 1.1, as Kubernetes does: an unquoted `n` is a boolean. */
export function parseObjects(source: string, name: string): readonly KubernetesObject[] {
  const documents = parseAllDocuments(source, { version: '1.1' });
  const broken = documents.flatMap((document) => document.errors)[0];
  if (broken !== undefined)
    throw new Failure(`${name} is not YAML: ${broken.message}`, { cause: broken, hint: 'Run `rhizome synth` again.' });
  return documents.map((document) => document.toJS() as KubernetesObject | null).filter((object) => object !== null);
}
