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

/** Returns a declared shape with -1 for each dynamic dimension; even their number may be unknown in a sequence. */
export function declaredShape({ shape, sequence }: Pick<TensorSpec, 'shape' | 'sequence'>): number[] {
  if (sequence && shape.length === 0) return [-1];
  return shape.map((dimension) => (typeof dimension === 'number' ? dimension : -1));
}

function tensorMetadata(spec: TensorSpec): TensorMetadata {
  const { name, dtype, sequence, optional } = spec;
  return {
    name,
    datatype: datatypeOf(dtype),
    shape: declaredShape(spec),
    ...((sequence || optional) && {
      parameters: { ...(sequence && { sequence: true }), ...(optional && { optional: true }) },
    }),
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
