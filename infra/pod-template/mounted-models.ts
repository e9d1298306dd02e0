import { k8s } from 'cdk8s-plus-27';
import { image } from '../../service/contract/index.ts';
import { defaultSizeLimit } from '../models/downloads.ts';
import type { ModelsMap } from '../models/models-map.ts';
import type { ResolvedProps } from '../props/resolved-props.ts';
import { credentialsVolume, modelsVolume } from '../models/volumes.ts';
import { downloadContainer } from './download-container.ts';

/** What a source of models adds to the pods. */
export interface MountedModels {
  readonly volumes: readonly k8s.Volume[];
  /** Volumes of kinds that cdk8s-plus-27 does not know, as they are written. */
  readonly rawVolumes: readonly object[];
  readonly volumeMounts: readonly k8s.VolumeMount[];
  /** @param resources those of the service's container */
  readonly initContainers: (resources: k8s.ResourceRequirements) => readonly k8s.Container[];
}

/** @param map the ConfigMap, if the models are in one */
export function mountedModels(props: ResolvedProps, map: ModelsMap | undefined): MountedModels {
  const { models } = props;
  const mount = { name: modelsVolume, mountPath: image.modelsDir };
  const mounted = { rawVolumes: [], volumeMounts: [{ ...mount, readOnly: true }], initContainers: () => [] };
  const name = modelsVolume;
  if (models === undefined) return { volumes: [], rawVolumes: [], volumeMounts: [], initContainers: () => [] };
  if ('image' in models) {
    const { image: reference, pullPolicy = props.imagePullPolicy } = models;
    return { ...mounted, volumes: [], rawVolumes: [{ name, image: { reference, pullPolicy } }] };
  }
  if ('claim' in models) {
    const { claim, path } = models;
    return {
      ...mounted,
      volumes: [{ name, persistentVolumeClaim: { claimName: claim, readOnly: true } }],
      volumeMounts: [{ ...mount, readOnly: true, ...(path !== undefined && { subPath: path }) }],
    };
  }
  if ('configMap' in models)
    return { ...mounted, volumes: [{ name, configMap: { name: map?.name ?? '', items: [...(map?.items ?? [])] } }] };

  const { secret, sizeLimit = defaultSizeLimit } = models;
  return {
    ...mounted,
    volumes: [
      { name, emptyDir: { sizeLimit: k8s.Quantity.fromString(sizeLimit) } },
      ...(secret === undefined ? [] : [{ name: credentialsVolume, secret: { secretName: secret } }]),
    ],
    initContainers: (resources) => [downloadContainer(props, models, resources, mount)],
  };
}
