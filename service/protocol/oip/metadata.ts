import type { Signature } from '../../../onnx/signature/signature.ts';
import type { TensorSpec } from '../../../onnx/signature/tensor-spec.ts';
import {
  version,
  type ModelMetadata,
  type RepositoryIndexEntry,
  type ServerMetadata,
  type TensorMetadata,
} from '../../contract/index.ts';
import type { ModelEntry } from '../../inference/repository/entry.ts';
import type { ModelRepository } from '../../inference/repository/repository.ts';
import { datatypeOf } from './datatypes.ts';

/** Triton's name for models in ONNX. */
export const PLATFORM = 'onnxruntime_onnx';

const extensions: ServerMetadata['extensions'] = [
  'binary_tensor_data',
  'model_configuration',
  'model_repository',
  'statistics',
];

export function serverMetadata(): ServerMetadata {
  return { name: 'rhizome', version, extensions };
}

/** @param versions every version of the model that is served */
export function modelMetadata(
  signature: Signature,
  versions: readonly string[] = [signature.version],
): Required<ModelMetadata> {
  return {
    name: signature.name,
    versions,
    platform: PLATFORM,
    inputs: signature.inputs.map(tensorMetadata),
    outputs: signature.outputs.map(tensorMetadata),
  };
}

/** Returns a declared shape with -1 for each dynamic dimension. */
export function declaredShape(shape: TensorSpec['shape']): number[] {
  return shape.map((dimension) => (typeof dimension === 'number' ? dimension : -1));
}

function tensorMetadata({ name, dtype, shape }: TensorSpec): TensorMetadata {
  return {
    name,
    datatype: datatypeOf(dtype),
    shape: declaredShape(shape),
  };
}

/** Returns every model and version. @param onlyReady omits those that do not accept requests */
export function repositoryIndex(
  repository: Pick<ModelRepository, 'entries'>,
  onlyReady = false,
): RepositoryIndexEntry[] {
  return repository.entries.map(indexEntry).filter(({ state }) => !onlyReady || state === 'READY');
}

function indexEntry(entry: ModelEntry): RepositoryIndexEntry {
  const { name, version: ofModel } = entry;
  switch (entry.state) {
    case 'loaded':
      return { name, version: ofModel, state: 'READY', reason: '' };
    case 'loading':
      return { name, version: ofModel, state: 'LOADING', reason: '' };
    case 'failed':
      return { name, version: ofModel, state: 'UNAVAILABLE', reason: entry.reason };
  }
}
