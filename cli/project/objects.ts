import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import { Failure } from '../failure.ts';
import type { KubernetesObject, Service } from '../kubernetes.ts';

/** A Service without an address of its own: its name leads to all pods at once, as some clients want it. */
export const isHeadless = ({ kind, spec }: KubernetesObject): boolean =>
  kind === 'Service' && (spec as Service['spec'] | undefined)?.clusterIP === 'None';

/** Reads a file of manifests. @throws Failure where it is missing or is no YAML; `name` is what the message calls it */
export function readObjects(path: string, name = path): readonly KubernetesObject[] {
  let source: string;
  try {
    source = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new Failure(`There are no manifests: cannot read ${name}.`, {
      cause,
      hint: 'Run `rhizome synth`; infra/main.ts should make a chart called `local`.',
    });
  }
  return parseObjects(source, name);
}

/** By the rules of YAML 1.1, which are those of Kubernetes: an unquoted `n` is a boolean there. */
export function parseObjects(source: string, name: string): readonly KubernetesObject[] {
  const documents = parseAllDocuments(source, { version: '1.1' });
  const broken = documents.flatMap((document) => document.errors)[0];
  if (broken !== undefined)
    throw new Failure(`${name} is not YAML: ${broken.message}`, { cause: broken, hint: 'Run `rhizome synth` again.' });
  return documents.map((document) => document.toJS() as KubernetesObject | null).filter((object) => object !== null);
}
