import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../failure.ts';
import { shareAnnotation } from '../../infra/metadata/annotations.ts';
import type { Variant } from '../../infra/metadata/labels.ts';
import type { Deployment, KubernetesObject, Service } from '../kubernetes.ts';
import { defaultEnvironment, manifestsFile } from './environment.ts';
import { modelVolume } from './model-source.ts';
import { readObjects, serviceObjects, variantOf } from './objects.ts';

/** A file of synthesized manifests: its objects, and details of the one Deployment and Service that `up` runs. */
export interface Manifests {
  readonly file: string;
  readonly objects: readonly KubernetesObject[];
  readonly namespace: string;
  readonly deployment: string;
  /** The Deployment's first container. */
  readonly container: string;
  readonly image: string;
  /** Whether the models are in a volume instead of the image. */
  readonly hasModelVolume: boolean;
  /** Label selector of its pods, for kubectl. */
  readonly selector: string;
  /** How long a replica may take to become ready, in seconds. */
  readonly progressDeadlineSeconds: number;
  readonly service: { readonly name: string; readonly port: number; readonly nodePort?: number };
  /** The Deployments that run beside it during a rollout. */
  readonly variants: readonly VariantDeployment[];
}

/** The Deployment of a canary or a shadow. */
export interface VariantDeployment {
  readonly kind: Variant['kind'];
  /** The name of the Deployment, and of its Service. */
  readonly deployment: string;
  /** The share of the requests that a canary gets, in percent. */
  readonly percent: number;
}

/** The folder that `up` synthesizes to. Unlike charts-out/, it is ignored by Git. */
export const privateCharts = '.rhizome/charts';

/** Reads the manifests that `up` applied last, or else the committed ones. */
export function currentManifests(root: string, environment = defaultEnvironment): Manifests {
  const own = join(privateCharts, manifestsFile(environment));
  return readManifests(root, existsSync(join(root, own)) ? privateCharts : 'charts-out', environment);
}

/**
 * Reads the file of an environment in a folder of synthesized manifests. The result's `file` is relative to the root.
 * @throws {Failure} if it is missing, isn't valid YAML, or doesn't have exactly one Deployment and one Service, not
 *   counting headless ones and those of a canary or a shadow
 */
export function readManifests(root: string, folder: string, environment = defaultEnvironment): Manifests {
  const file = join(folder, manifestsFile(environment));
  const objects = readObjects(join(root, file), file);
  const deployment = only(objects, 'Deployment', file) as Deployment;
  const service = only(objects, 'Service', file) as Service;
  const port = service.spec.ports?.[0];
  if (port === undefined)
    throw new Failure(`The Service ${service.metadata.name} in ${file} has no port.`, {
      hint: 'Add one in infra/.',
    });
  return {
    file,
    objects,
    namespace: deployment.metadata.namespace ?? 'default',
    deployment: deployment.metadata.name,
    ...containerOf(deployment, file),
    hasModelVolume: modelVolume(deployment) !== undefined,
    selector: selectorOf(deployment),
    progressDeadlineSeconds: deployment.spec.progressDeadlineSeconds ?? 600,
    variants: variantsIn(objects),
    service: {
      name: service.metadata.name,
      port: port.port,
      ...(port.nodePort === undefined ? {} : { nodePort: port.nodePort }),
    },
  };
}

/** Returns the canary among the manifests. */
export const canaryOf = ({ variants }: Manifests): VariantDeployment | undefined =>
  variants.find(({ kind }) => kind === 'canary');

/** Returns the manifests as if a variant were the service, for steps that are about its pods and its Service. */
export const ofVariant = (manifests: Manifests, { deployment }: VariantDeployment): Manifests => ({
  ...manifests,
  deployment,
  service: { name: deployment, port: manifests.service.port },
});

function variantsIn(objects: readonly KubernetesObject[]): readonly VariantDeployment[] {
  return objects.flatMap((object) => {
    const kind = object.kind === 'Deployment' ? variantOf(object) : undefined;
    if (kind === undefined) return [];
    const { name, annotations } = object.metadata;
    return [{ kind, deployment: name, percent: Number(annotations?.[shareAnnotation] ?? 0) }];
  });
}

function containerOf(
  { metadata, spec }: Deployment,
  file: string,
): { readonly container: string; readonly image: string } {
  const { name = '', image } = spec.template.spec.containers[0] ?? {};
  if (image === undefined)
    throw new Failure(`The Deployment ${metadata.name} in ${file} has no image.`, { hint: 'Add one in infra/.' });
  return { container: name, image };
}

function selectorOf({ spec }: Deployment): string {
  return Object.entries(spec.selector.matchLabels ?? {})
    .map(([label, value]) => `${label}=${value}`)
    .join(',');
}

function only(objects: readonly KubernetesObject[], kind: string, file: string): KubernetesObject {
  const [first, ...others] = serviceObjects(objects, kind);
  if (first !== undefined && others.length === 0) return first;
  const count = first === undefined ? 0 : others.length + 1;
  throw new Failure(`${file} has ${String(count)} objects of kind ${kind}; expected exactly one.`, {
    hint: 'Check infra/main.ts, then run `rhizome synth`.',
  });
}
