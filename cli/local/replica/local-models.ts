import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Failure } from '../../failure.ts';
import type { Deployment } from '../../kubernetes.ts';
import { modelVolume } from '../../project/model-source.ts';
import type { Workload } from '../manifests/workload.ts';

/**
 * Writes the models of a ConfigMap to a folder of this machine, if the models of a Deployment are in one.
 *
 * @returns the folder; undefined if the models are those of the project
 * @throws {Failure} if they are elsewhere: to serve those of the project instead would be wrong
 */
export function localModels(deployment: Deployment, { configMaps }: Workload, root: string): string | undefined {
  const volume = modelVolume(deployment);
  if (volume === undefined) return undefined;
  const { name = '', items = [] } = volume.configMap ?? {};
  const map = configMaps.find(({ metadata }) => metadata.name === name);
  if (map === undefined)
    throw new Failure(
      `The models of ${deployment.metadata.name} are in a volume, which the local runtime does not mount.`,
      {
        hint:
          'Run on a cluster, `rhizome up --on kind`, or leave `models` out of this environment: then the models of ' +
          'this folder are served. The local runtime also serves `models: { configMap: … }`.',
      },
    );
  const folder = join(root, '.rhizome/local/models', name);
  for (const { key, path } of items) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, Buffer.from(map.binaryData?.[key] ?? '', 'base64'));
  }
  return folder;
}
