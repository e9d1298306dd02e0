import { image } from '../../service/contract/index.ts';
import type { Deployment } from '../kubernetes.ts';

/** The volume that is mounted over the models of the image. */
interface ModelVolume {
  readonly name: string;
  /** Names and paths of the entries, if it is a ConfigMap. */
  readonly configMap?: {
    readonly name?: string;
    readonly items?: readonly { readonly key: string; readonly path: string }[];
  };
}

/** Returns the volume that the models of a Deployment are in; undefined if they are in its image. */
export function modelVolume({ spec }: Deployment): ModelVolume | undefined {
  const { containers, volumes = [] } = spec.template.spec;
  const mount = containers
    .flatMap(({ volumeMounts = [] }) => volumeMounts)
    .find(({ mountPath }) => mountPath === image.modelsDir);
  return mount && volumes.find(({ name }) => name === mount.name);
}
