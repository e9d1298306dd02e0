import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../failure.ts';
import type { Deployment, KubernetesObject, Service } from '../kubernetes.ts';
import { isHeadless, readObjects } from './objects.ts';

/** What the synthesized file holds: every object, and the one Deployment and Service that `up` is about. */
export interface Manifests {
  readonly file: string;
  readonly objects: readonly KubernetesObject[];
  readonly namespace: string;
  readonly deployment: string;
  /** Its first container, and the image of that. */
  readonly container: string;
  readonly image: string;
  /** The labels of its pods, as kubectl takes them. */
  readonly selector: string;
  /** How long a replica may take to get ready, in seconds. */
  readonly progressDeadlineSeconds: number;
  readonly service: { readonly name: string; readonly port: number; readonly nodePort?: number };
}

/** The environment that every target of the command line gets. */
export const fileName = 'local.k8s.yaml';

/** Where `up` puts what it synthesizes; ignored by git, unlike charts-out/. */
export const privateCharts = '.rhizome/charts';

/** The manifests that `up` last applied, else the committed ones. */
export function currentManifests(root: string): Manifests {
  const own = join(privateCharts, fileName);
  return readManifests(root, existsSync(join(root, own)) ? privateCharts : 'charts-out');
}

/**
 * Reads `local.k8s.yaml` of a folder of synthesized manifests; `file` of the result is relative to the root.
 * @throws Failure where it is missing, is no YAML, or has not exactly one Deployment and one Service, headless ones aside
 */
export function readManifests(root: string, folder: string): Manifests {
  const file = join(folder, fileName);
  const objects = readObjects(join(root, file), file);
  const deployment = only(objects, 'Deployment', file) as Deployment;
  const service = only(objects, 'Service', file) as Service;
  const port = service.spec.ports?.[0];
  if (port === undefined)
    throw new Failure(`The Service ${service.metadata.name} of ${file} has no port.`, {
      hint: 'Give it one in infra/.',
    });
  return {
    file,
    objects,
    namespace: deployment.metadata.namespace ?? 'default',
    deployment: deployment.metadata.name,
    ...containerOf(deployment, file),
    selector: selectorOf(deployment),
    progressDeadlineSeconds: deployment.spec.progressDeadlineSeconds ?? 600,
    service: {
      name: service.metadata.name,
      port: port.port,
      ...(port.nodePort === undefined ? {} : { nodePort: port.nodePort }),
    },
  };
}

function containerOf(
  { metadata, spec }: Deployment,
  file: string,
): { readonly container: string; readonly image: string } {
  const { name = '', image } = spec.template.spec.containers[0] ?? {};
  if (image === undefined)
    throw new Failure(`The Deployment ${metadata.name} of ${file} names no image.`, { hint: 'Give it one in infra/.' });
  return { container: name, image };
}

function selectorOf({ spec }: Deployment): string {
  return Object.entries(spec.selector.matchLabels ?? {})
    .map(([label, value]) => `${label}=${value}`)
    .join(',');
}

function only(objects: readonly KubernetesObject[], kind: string, file: string): KubernetesObject {
  const [first, ...others] = objects.filter((object) => object.kind === kind && !isHeadless(object));
  if (first !== undefined && others.length === 0) return first;
  const count = first === undefined ? 0 : others.length + 1;
  throw new Failure(`${file} has ${String(count)} objects of kind ${kind}; \`rhizome\` runs exactly one.`, {
    hint: 'Check infra/main.ts, then run `rhizome synth`.',
  });
}
